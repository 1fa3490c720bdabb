//go:build unix

package main

import "golang.org/x/sys/unix"

// withoutCore keeps the keys in this process's memory from being written to a disk when it crashes. A
// system that does not allow that to be set is left as it is.
func withoutCore() { _ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }
