// Command certexch is a terminal: it hands data to other terminals, directly, when both hold a
// certificate of an authority that the other trusts and each has registered the other's identity.
//
// The package only wires. What a terminal is and does stands in package node; here is one file for each
// subcommand, which reads the command line, calls node, and prints. A subcommand is a function over an
// [environment], so that nothing but main touches the process.
//
// # Output
//
// Standard output carries what was asked for: text, with --json one JSON object a line, or the bytes of
// a file. Everything else, progress and failures, goes to standard error. serve, which has nothing to
// answer, writes its log to standard output.
//
// Everything that comes from files, peers and the command line is printed with each character escaped
// that is not plainly visible, line feeds included (see printable). Only the content of files, in cat
// and get to standard output, is written as it is.
//
// # Failures
//
// A failure ends with one line that says what happened to whom, one that says what to try, and the exit
// code of its reason (see node.Explain). With --json they are one JSON object on standard error:
//
//	{"reason":"not-registered-there","code":4,"text":"…","try":"…"}
//
// Wrong usage ends with the usage on standard error and code 2, before anything was done.
package main
