// The command certexch-authority certifies terminals and revokes them, on a
// machine that may stay offline. Its help is the manual; each subcommand is a
// file here and does nothing but read the command line, call
// internal/authority and print.
//
// Results go to standard output: a fingerprint, a bundle, a revocation list,
// what list and show tell. What a person should know besides goes to standard
// error. Everything printed is free of control characters, whoever wrote it.
//
// The passphrase of the root key comes from a file or from the terminal, never
// from the command line or the environment, where other users could see it.
package main
