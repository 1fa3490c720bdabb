package home

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/certexch/certexch/internal/durable"
)

// CheckPrivate refuses a home that another user could write to: who can write to the allowlist can
// register himself, and who can write to the trust folder is an authority. The state folder must be
// closed to everyone else; and lest it was open before, none of its files may be writable by others.
func CheckPrivate(home Home) error {
	if err := durable.CheckPrivate(home.State); err != nil {
		return err
	}
	files, err := anchorFiles(home.trust())
	if err != nil {
		return err
	}
	for _, path := range append([]string{home.Config, home.Allowlist(), home.Certificate(), home.trust()}, files...) {
		if err := durable.CheckOwned(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err // what is missing is found missing where it is needed
		}
	}
	return nil
}

// anchorFiles returns the folders of trust domains, and what is in them.
func anchorFiles(trust string) ([]string, error) {
	paths, err := anchorFolders(trust)
	if err != nil {
		return nil, err
	}
	for _, dir := range paths {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}
