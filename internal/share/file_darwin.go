package share

import (
	"io/fs"
	"syscall"
	"time"
)

// changeTime is when content or attributes last changed, by the file system's clock, which no program
// can set back.
func changeTime(info fs.FileInfo) time.Time {
	return time.Unix(info.Sys().(*syscall.Stat_t).Ctimespec.Unix())
}

func inodeOf(info fs.FileInfo) (inode, device uint64) {
	stat := info.Sys().(*syscall.Stat_t)
	return stat.Ino, uint64(stat.Dev)
}
