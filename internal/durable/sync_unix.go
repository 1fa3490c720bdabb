//go:build unix

package durable

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// SyncDir makes renames, links and removals in dir survive a power failure. A
// file system that does not know how to sync a folder is taken to need none.
func SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return SyncOpenDir(f)
}

// SyncOpenDir is SyncDir for a folder that is open.
func SyncOpenDir(dir *os.File) error {
	err := dir.Sync()
	if err == nil || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return fmt.Errorf("syncing folder %s: %w", dir.Name(), err)
}
