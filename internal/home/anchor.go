package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/certexch/certexch/certauth"
)

// TrustError is node.TrustError.
type TrustError struct {
	// File is the file or folder at fault, Err what is wrong with it, and Advice how to mend it.
	File   string
	Err    error
	Advice string
}

func (e *TrustError) Error() string { return e.Problem() + "; " + e.Advice }

// Problem says what is wrong, and names the file once, which the errors of the file system do too.
func (e *TrustError) Problem() string {
	if text := e.Err.Error(); strings.Contains(text, e.File) {
		return text
	}
	return fmt.Sprintf("%s: %v", e.File, e.Err)
}

// Unwrap returns what is wrong with the file.
func (e *TrustError) Unwrap() error { return e.Err }

// anchorFolders returns the folders of the trusted trust domains. Hidden files, which file managers and
// interrupted writes leave behind, are passed over, and so is a folder that holds nothing else: nobody
// is trusted by it. A missing trust folder has none.
func anchorFolders(trust string) ([]string, error) {
	entries, err := visible(trust)
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, e := range entries {
		dir := filepath.Join(trust, e.Name())
		if _, err := certauth.ParseTrustDomain(e.Name()); err != nil {
			return nil, &TrustError{dir, errors.New("not the folder of a trust domain"), "move it out of the trust folder"}
		}
		files, err := visible(dir)
		if err != nil {
			return nil, &TrustError{dir, err, "move it out of the trust folder, if it is no folder of yours; else make it readable"}
		}
		if len(files) > 0 {
			folders = append(folders, dir)
		}
	}
	return folders, nil
}

// visible returns what is in dir and does not begin with a dot; nothing if dir is missing.
func visible(dir string) (shown []fs.DirEntry, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			shown = append(shown, e)
		}
	}
	return shown, nil
}

// errNoRoot is for the folder of a trust domain without a root: no authority is trusted for it yet.
var errNoRoot = errors.New("there is no root")

// readAnchor reads the authority of the trust domain that dir is called after. The error is a
// *TrustError, or errNoRoot for an empty folder.
func readAnchor(dir string, now time.Time) (certauth.Anchor, error) {
	files, err := visible(dir)
	if err != nil {
		return certauth.Anchor{}, &TrustError{dir, err, "make it readable"}
	}
	if len(files) == 0 {
		return certauth.Anchor{}, errNoRoot
	}
	anchor := certauth.Anchor{}
	if anchor.Root, err = readRoot(dir); err != nil {
		return certauth.Anchor{}, err
	}
	for _, f := range files {
		if list, _ := filepath.Match("crl-*.pem", f.Name()); !list {
			continue
		}
		list, err := readList(filepath.Join(dir, f.Name()), anchor.Root, now)
		if err != nil {
			return certauth.Anchor{}, err
		}
		anchor.CRLs = append(anchor.CRLs, list)
	}
	return anchor, nil
}

func readRoot(dir string) (*certauth.Root, error) {
	path := filepath.Join(dir, rootFile)
	der, err := readPEM(path, pemCertificate)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &TrustError{path, errNoRoot, "`certexch install` a bundle of its authority"}
	}
	var root *certauth.Root
	if err == nil {
		root, err = certauth.ParseRoot(der)
	}
	if err == nil && root.TrustDomain().String() != filepath.Base(dir) {
		err = fmt.Errorf("the root of another trust domain, %s", root.TrustDomain())
	}
	if err != nil {
		return nil, &TrustError{path, err, "remove it, and `certexch install` a bundle of its authority"}
	}
	return root, nil
}

func readList(path string, root *certauth.Root, now time.Time) (*certauth.CRL, error) {
	der, err := readPEM(path, pemCRL)
	var list *certauth.CRL
	if err == nil {
		list, err = root.OpenCRL(der, now)
	}
	var refused *certauth.Error
	switch {
	case errors.As(err, &refused) && refused.Failure == certauth.NotYetValid:
		return nil, &TrustError{path, err, "set this terminal's clock"}
	case err != nil:
		return nil, &TrustError{path, err, "put it back from a backup; or remove it, and `certexch install` the latest list of its authority (`certexch-authority crl`)"}
	}
	return list, nil
}
