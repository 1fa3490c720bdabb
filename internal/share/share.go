package share

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/transfer"
)

// Share is a directory that is served under a name.
type Share struct {
	// Name is what peers call it: transfer.CheckShare says what it may be.
	Name string `toml:"name"`
	// Path is the directory, absolute.
	Path string `toml:"path"`
	// Read names the terminals that may read it: identities, full or relative to the trust domain of
	// this terminal, or "*" for every registered one. Empty: nobody.
	Read []string `toml:"read"`
}

// Everyone in a list of readers stands for every registered terminal.
const Everyone = "*"

// Validate reports everything that is wrong with shares as they are written, joined into one error:
// names that are none or are used twice, paths that are not absolute, and readers that are no identity.
// Identities are read relative to td. It does not look at the disk.
func Validate(shares []Share, td certauth.TrustDomain) error {
	_, err := collect(shares, func(s Share) (*directory, error) { return parse(s, td) })
	return err
}

// Check reports everything that Validate does, and what is wrong on the disk: paths that are no
// directory, and directories that contain, are or lie in one of forbidden, the terminal's own
// directories (which need not exist yet). Nothing stays open.
func Check(shares []Share, td certauth.TrustDomain, forbidden ...string) error {
	opened, err := openAll(shares, td, forbidden)
	return errors.Join(err, closeAll(opened))
}

// directory is a share with its readers, open or yet to be opened.
type directory struct {
	root     *os.Root
	info     fs.FileInfo // of root: which directory it is, whatever its path comes to stand for
	everyone bool
	readers  map[certauth.Identity]bool
}

func (d *directory) readableBy(id certauth.Identity) bool {
	return !id.IsZero() && (d.everyone || d.readers[id])
}

// openAll opens what it can and reports everything that it cannot.
func openAll(shares []Share, td certauth.TrustDomain, forbidden []string) (map[string]*directory, error) {
	return collect(shares, func(s Share) (*directory, error) { return open(s, td, forbidden) })
}

// collect makes directories of shares, by name, and joins everything that is wrong.
func collect(shares []Share, directoryOf func(Share) (*directory, error)) (map[string]*directory, error) {
	var problems []error
	if len(shares) > transfer.MaxShares {
		problems = append(problems, fmt.Errorf("%d shares: there may be %d", len(shares), transfer.MaxShares))
	}
	all := make(map[string]*directory, len(shares))
	for _, share := range shares {
		if all[share.Name] != nil {
			problems = append(problems, fmt.Errorf("share %q: another share has this name", share.Name))
			continue
		}
		d, err := directoryOf(share)
		if err != nil {
			problems = append(problems, fmt.Errorf("share %q: %w", share.Name, err))
		}
		if d != nil {
			all[share.Name] = d
		}
	}
	return all, errors.Join(problems...)
}

// parse returns the directory that a share speaks of, not open; it is never nil.
func parse(share Share, td certauth.TrustDomain) (*directory, error) {
	d := &directory{readers: make(map[certauth.Identity]bool)}
	err := errors.Join(transfer.CheckShare(share.Name), d.admit(share.Read, td))
	if !filepath.IsAbs(share.Path) {
		err = errors.Join(err, fmt.Errorf("path %q is not absolute", share.Path))
	}
	return d, err
}

func open(share Share, td certauth.TrustDomain, forbidden []string) (*directory, error) {
	d, err := parse(share, td)
	if !filepath.IsAbs(share.Path) {
		return nil, err
	}
	root, openErr := os.OpenRoot(share.Path)
	if openErr != nil {
		return nil, errors.Join(err, openErr)
	}
	d.root = root
	if d.info, openErr = root.Stat("."); openErr != nil {
		err = errors.Join(err, openErr)
	}
	for _, own := range forbidden {
		err = errors.Join(err, checkApart(share.Path, own))
	}
	return d, err
}

// admit adds readers.
func (d *directory) admit(readers []string, td certauth.TrustDomain) error {
	var problems []error
	for _, reader := range readers {
		if reader == Everyone {
			d.everyone = true
			continue
		}
		id, err := td.ParseIdentity(reader)
		if err != nil {
			problems = append(problems, fmt.Errorf("reader: %w", err))
			continue
		}
		d.readers[id] = true
	}
	return errors.Join(problems...)
}

func closeAll(opened map[string]*directory) error {
	var errs []error
	for _, d := range opened {
		errs = append(errs, d.root.Close())
	}
	return errors.Join(errs...)
}
