package receive

import (
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// openCarefully is nothing here: reopen compares what it has opened with what it has looked at.
const openCarefully = 0

// isOurs reports whether a file is this user's. The access list of its folder keeps others off.
func isOurs(info fs.FileInfo) bool { return info.Mode().IsRegular() }

// isSecondName is not to be known from what a look tells: such a name goes when it is stale.
func isSecondName(fs.FileInfo) bool { return false }

// isPrivate reports whether nobody but its owner can have written to a file.
func isPrivate(fs.FileInfo) bool { return true }

// lock keeps other processes off a partial for as long as file is open. It does not wait. Locks keep
// others from reading too, so it is of a byte that no file has.
func lock(file *os.File) error {
	return windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
}
