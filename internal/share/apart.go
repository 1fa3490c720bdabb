package share

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checkApart returns an error unless neither of two directories is or contains the other. It compares
// directories, not spellings: links, bind mounts and upper case do not make two of one.
func checkApart(share, own string) error {
	inside, err := within(own, share)
	if err != nil {
		return err
	}
	if inside {
		return fmt.Errorf("%s holds the terminal's own directory %s, whose keys it would serve: share another directory", share, own)
	}
	inside, err = within(share, own)
	if err != nil {
		return err
	}
	if inside {
		return fmt.Errorf("%s lies in the terminal's own directory %s: share another directory", share, own)
	}
	return nil
}

// within reports whether inner is outer or lies below it. Either may not exist yet.
func within(inner, outer string) (bool, error) {
	target, err := os.Stat(outer)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	dir, err := resolve(inner)
	for ; err == nil; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		switch {
		case err == nil && os.SameFile(info, target):
			return true, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return false, err
		case filepath.Dir(dir) == dir:
			return false, nil
		}
	}
	return false, err
}

// resolve returns path without links in the part of it that exists.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	resolved, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(path) != path {
		parent, err := resolve(filepath.Dir(path))
		return filepath.Join(parent, filepath.Base(path)), err
	}
	return resolved, err
}
