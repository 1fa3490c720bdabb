//go:build !windows

package receive

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// openCarefully opens a name without following a link and without waiting for a pipe.
const openCarefully = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// isOurs reports whether a file is this user's and has no other name.
func isOurs(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode().IsRegular() && stat.Nlink == 1 && int(stat.Uid) == os.Geteuid()
}

// isSecondName reports whether a file is this user's and has another name.
func isSecondName(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode().IsRegular() && stat.Nlink > 1 && int(stat.Uid) == os.Geteuid()
}

// isPrivate reports whether nobody but its owner can have written to a file. Others may read it: a partial
// gets its attributes just before its name.
func isPrivate(info fs.FileInfo) bool { return info.Mode()&0o022 == 0 }

// lock keeps other processes off a partial for as long as file is open. It does not wait.
func lock(file *os.File) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var locked error
	if err := raw.Control(func(fd uintptr) { locked = unix.Flock(int(fd), unix.LOCK_EX|unix.LOCK_NB) }); err != nil {
		return err
	}
	return locked
}
