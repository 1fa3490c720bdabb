//go:build unix

package cli

import "golang.org/x/sys/unix"

// WithoutCore keeps the keys in this process's memory from being written to a disk when it crashes. A
// system that does not allow that to be set is left as it is.
func WithoutCore() { _ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }
