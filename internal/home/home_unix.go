//go:build unix

package home

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// isOwner reports whether the folder belongs to the user of this process.
func isOwner(folder string) bool {
	info, err := os.Lstat(folder)
	if err != nil || !info.IsDir() {
		return false
	}
	return int(info.Sys().(*syscall.Stat_t).Uid) == os.Geteuid()
}

// mayUse reports whether the user of this process may open the socket.
func mayUse(socket string) bool { return unix.Access(socket, unix.W_OK) == nil }
