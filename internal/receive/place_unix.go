//go:build linux || darwin

package receive

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// renameNew renames within a folder unless something has the new name: then the error matches fs.ErrExist. It
// matches errors.ErrUnsupported where the system or the disk has no such operation.
func renameNew(root *os.Root, from, to string) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	switch err = renameIfNew(int(dir.Fd()), from, to); err {
	case nil:
		return nil
	case unix.EINVAL: // of the disk
		err = errors.ErrUnsupported
	}
	return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
}
