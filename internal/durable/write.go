package durable

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile makes path hold data, replacing what was there. The file gets
// exactly mode, whatever the umask says, and belongs to the calling user; to the
// owner of the folder, where root writes in another user's on Linux. A symbolic
// link at path is replaced, not followed.
//
// On an error the old file is untouched, with one exception: if the directory
// cannot be synced, the new file is in place but may not survive a power
// failure.
func WriteFile(path string, data []byte, mode fs.FileMode) error {
	return asOwner(filepath.Dir(path), func(int) error { return write(path, data, mode, os.Rename) })
}

// CreateFile is WriteFile for a path that must not exist yet. If anything is
// there, even a dangling symbolic link, it stays and the error matches
// fs.ErrExist. The file system must support hard links.
func CreateFile(path string, data []byte, mode fs.FileMode) error {
	return asOwner(filepath.Dir(path), func(int) error { return write(path, data, mode, publishNew) })
}

// write prepares a synced temporary file and lets publish give it its name.
func write(path string, data []byte, mode fs.FileMode, publish func(temp, path string) error) error {
	temp, err := writeTemp(path, data, mode)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := publish(temp, path); err != nil {
		os.Remove(temp)
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return SyncDir(filepath.Dir(path))
}

// publishNew links rather than renames, because a rename would silently replace
// a file that another process has just created.
func publishNew(temp, path string) error {
	if err := os.Link(temp, path); err != nil {
		return err
	}
	return os.Remove(temp)
}

// writeTemp returns the name of a new file beside path that holds data, synced.
func writeTemp(path string, data []byte, mode fs.FileMode) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(data); err != nil {
		return "", err
	}
	if err := f.Chmod(mode); err != nil {
		return "", err
	}
	if err := f.Sync(); err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}
