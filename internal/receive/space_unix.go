//go:build !windows

package receive

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// freeBytes returns how much this user may write where root is; known is false where nothing says so.
func freeBytes(root *os.Root) (free uint64, known bool) {
	dir, err := root.Open(".")
	if err != nil {
		return 0, false
	}
	defer dir.Close()
	var s unix.Statfs_t
	if unix.Fstatfs(int(dir.Fd()), &s) != nil || s.Blocks == 0 || s.Bsize <= 0 {
		return 0, false
	}
	return uint64(s.Bavail) * uint64(s.Bsize), true
}
