package durable

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// MaxSecret is the size in bytes of the largest file that ReadSecret returns.
const MaxSecret = 1 << 20

// PermissionError says why a secret or its folder is not private enough to be
// used. It matches fs.ErrPermission.
type PermissionError struct {
	Path    string // the file or folder at fault, which may be a parent of the one asked for
	Problem string // what is wrong with it
	Advice  string // what to do about it
}

func (e *PermissionError) Error() string {
	return fmt.Sprintf("refusing %q: %s; %s", e.Path, e.Problem, e.Advice)
}

// Unwrap makes errors.Is(err, fs.ErrPermission) true.
func (e *PermissionError) Unwrap() error { return fs.ErrPermission }

// ReadSecret returns the content of a file that only the calling user can have
// read or replaced. It must be a regular file, not a symbolic link, owned by the
// calling user, with no permission for group or others, in a folder that no
// other user could have renamed away (see [*PermissionError]). Every folder on
// the way counts: it must belong to the calling user or to root, and must not be
// writable by group or others unless it has the sticky bit, as /tmp does.
//
// Root, on Linux, reads in another user's folder as that user does, and refuses
// what that user would: what passes is what a service of that user can use.
//
// A missing file matches fs.ErrNotExist. A file above MaxSecret is refused.
func ReadSecret(path string) (data []byte, err error) {
	err = asOwner(filepath.Dir(path), func(uid int) error {
		data, err = readSecret(path, uid)
		return err
	})
	return data, err
}

func readSecret(path string, uid int) ([]byte, error) {
	f, err := openSecret(path, uid)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxSecret+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if len(data) > MaxSecret {
		return nil, fmt.Errorf("reading %s: larger than %d bytes", path, MaxSecret)
	}
	return data, nil
}

// CheckSecret refuses what ReadSecret would refuse, without opening the file, and
// whatever is not the calling user's, even if that is root. It is for files that
// another library opens, such as a database.
func CheckSecret(path string) error { return checkSecret(path, os.Geteuid()) }

func checkSecret(path string, uid int) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if err := checkSecretFile(path, info, uid); err != nil {
		return err
	}
	return checkParents(filepath.Dir(path), uid)
}

// openSecret checks the name before it opens, so that a FIFO or a device is not
// even touched, and the open file afterwards, which is the one that counts.
func openSecret(path string, uid int) (*os.File, error) {
	if err := checkSecret(path, uid); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|openNoFollow, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = checkSecretFile(path, info, uid)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func checkSecretFile(path string, info fs.FileInfo, uid int) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return &PermissionError{path, "it is a symbolic link", "put the file itself there"}
	case !info.Mode().IsRegular():
		return &PermissionError{path, "it is not a regular file", "put a regular file there"}
	}
	return checkPrivate(path, info, 0o600, uid)
}

// MkdirPrivate makes the folder path with mode 0700, and its missing parents
// likewise. One that exists already is accepted if it is private: owned by the
// calling user and closed to everyone else. The parents must be as ReadSecret
// wants them, so that what is written here can be read back. Refusals are a
// [*PermissionError], made before anything is created. Root, on Linux, does all
// of it as the owner of what is there already.
func MkdirPrivate(path string) error {
	return asOwner(path, func(uid int) error {
		err := checkPrivateDir(path, uid)
		if os.IsNotExist(err) {
			return mkdirs(path, uid)
		}
		return err
	})
}

// CheckPrivate refuses a folder that MkdirPrivate would refuse, and makes none:
// a missing one matches fs.ErrNotExist.
func CheckPrivate(path string) error {
	return asOwner(path, func(uid int) error { return checkPrivateDir(path, uid) })
}

func checkPrivateDir(path string, uid int) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &PermissionError{path, "it is not a folder", "choose another path"}
	}
	if err := checkPrivate(path, info, 0o700, uid); err != nil {
		return err
	}
	return checkParents(path, uid)
}

// CheckOwned refuses a file or folder whose content another user could have
// chosen: it must belong to the calling user (root, on Linux, calls as the owner
// of the folder that it is in) or to root, must not be writable by
// group or others, sticky or not, and every folder on the way must be as
// ReadSecret wants it. Unlike a secret it may be read by everyone, and a symbolic
// link may lead to it. Refusals are a [*PermissionError]; a missing file matches
// fs.ErrNotExist.
func CheckOwned(path string) error {
	return asOwner(filepath.Dir(path), func(uid int) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if err := checkParents(path, uid); err != nil {
			return err
		}
		return checkUnwritable(path, info)
	})
}

// mkdirs makes path, which does not exist, below its deepest parent that does.
func mkdirs(path string, uid int) error {
	parent := filepath.Dir(path)
	if _, err := os.Stat(parent); os.IsNotExist(err) && parent != path {
		if err := mkdirs(parent, uid); err != nil {
			return err
		}
	} else if err := checkParents(parent, uid); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	// The umask can only have taken permissions away, perhaps our own.
	if err := os.Chmod(path, 0o700); err != nil {
		return err
	}
	return SyncDir(parent)
}
