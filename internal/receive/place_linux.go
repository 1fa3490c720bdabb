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
	fd := int(dir.Fd())
	switch err = unix.Renameat2(fd, from, fd, to, unix.RENAME_NOREPLACE); err {
	case nil:
		return nil
	case unix.EINVAL: // of the disk
		err = errors.ErrUnsupported
	}
	return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
}
