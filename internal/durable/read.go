package durable

import (
	"os"
	"path/filepath"
)

// Open opens a regular file to read it. What is none is a [*PermissionError], so
// that no FIFO can make the caller wait. A symbolic link is followed; for root in
// another user's folder, on Linux, only as far as that user may go. Owner and
// modes are not checked: see [ReadSecret] and [CheckOwned].
func Open(path string) (f *os.File, err error) {
	err = asOwner(filepath.Dir(path), func(int) error {
		f, err = openRegular(path)
		return err
	})
	return f, err
}

func openRegular(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openNoWait, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &PermissionError{path, "it is not a regular file", "put a regular file there"}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
