package home

import (
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/durable"
)

// The trust folder holds one folder for each trust domain, with root.pem and every revocation list
// that has been installed: crl-NUMBER-HASH.pem. All lists bind, so that an entry that once was
// published stays in force whatever a later list says.
const rootFile = "root.pem"

// trustRefresh is how long what was read from the trust folder is taken to be current.
const trustRefresh = 500 * time.Millisecond

// Trust answers who is trusted, as of now, from the trust folder. It is safe for concurrent use.
type Trust struct {
	dir string
	now func() time.Time

	mu         sync.Mutex // guards what follows
	allowStale bool
	asked      time.Time // monotonic: when the folder was last looked at
	stamp      string    // names, sizes and times of its files then
	roots      *certauth.Roots
	failed     error
}

// NewTrust returns the Trust of home, which judges dates by now, and accepts lists past their date if allowStale is
// set.
func NewTrust(home Home, allowStale bool, now func() time.Time) *Trust {
	return &Trust{dir: home.trust(), allowStale: allowStale, now: now}
}

// SetStale changes whether lists past their date are accepted.
func (t *Trust) SetStale(allow bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.allowStale, t.asked = allow, time.Time{}
}

// Load returns the trusted authorities. If the folder cannot be read or something in it does not verify, they are
// nil, which refuses every certificate, and the error is as ReadTrust's.
func (t *Trust) Load() (*certauth.Roots, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.asked.IsZero() && time.Since(t.asked) < trustRefresh {
		return t.roots, t.failed
	}
	stamp, err := folderStamp(t.dir)
	if err == nil && stamp == t.stamp && t.failed == nil && !t.asked.IsZero() {
		t.asked = time.Now()
		return t.roots, nil
	}
	t.asked, t.stamp = time.Now(), stamp
	t.roots, t.failed = t.read()
	return t.roots, t.failed
}

func (t *Trust) read() (*certauth.Roots, error) {
	anchors, err := readTrust(t.dir, t.now())
	if err != nil {
		return nil, err
	}
	return RootsOf(anchors, t.allowStale)
}

// folderStamp changes whenever a file below dir does.
func folderStamp(dir string) (string, error) {
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(&b, path, info.Size(), info.ModTime().UnixNano())
		return nil
	})
	return b.String(), err
}

// ReadTrust reads and verifies the trusted authorities of home at now: one at least. The error is a *TrustError, a
// *NotReadyError where there are none, or one of the file system.
func ReadTrust(home Home, now time.Time) ([]certauth.Anchor, error) {
	return readTrust(home.trust(), now)
}

func readTrust(dir string, now time.Time) ([]certauth.Anchor, error) {
	folders, err := anchorFolders(dir)
	if err != nil {
		return nil, err
	}
	if len(folders) == 0 {
		return nil, &NotReadyError{Missing: "trusted authority", Advice: "send the output of `certexch request` to your authority, and `certexch install` the bundle that it returns"}
	}
	var anchors []certauth.Anchor
	for _, folder := range folders {
		anchor, err := readAnchor(folder, now)
		if err != nil {
			return nil, err
		}
		anchors = append(anchors, anchor)
	}
	return anchors, nil
}

// RootsOf makes anchors the authorities that certificates are judged by, with lists past their date or without.
func RootsOf(anchors []certauth.Anchor, allowStale bool) (*certauth.Roots, error) {
	anchors = slices.Clone(anchors)
	for i := range anchors {
		anchors[i].AllowStale = allowStale
	}
	return certauth.NewRoots(anchors...)
}

const pemCRL = "X509 CRL"

// maxTrustFile bounds a file of the trust folder: the largest revocation list, in PEM.
const maxTrustFile = 24 << 20

func readPEM(path, blockType string) ([]byte, error) {
	text, err := ReadFile(path, maxTrustFile)
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != blockType || len(strings.TrimSpace(string(rest))) > 0 {
		return nil, fmt.Errorf("%s: not one PEM block of type %s", path, blockType)
	}
	return block.Bytes, nil
}

// storeRoot and storeCRL write what has been verified.
func storeRoot(dir string, root *certauth.Root) error {
	dir = filepath.Join(dir, root.TrustDomain().String())
	if err := durable.MkdirPrivate(dir); err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, rootFile), encodePEM(pemCertificate, root.DER()), 0o600)
}

func storeCRL(dir string, root *certauth.Root, list *certauth.CRL) error {
	hash := list.Hash()
	name := fmt.Sprintf("crl-%d-%s.pem", list.Number(), hex.EncodeToString(hash[:4]))
	return durable.WriteFile(filepath.Join(dir, root.TrustDomain().String(), name), encodePEM(pemCRL, list.DER()), 0o600)
}

func encodePEM(blockType string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der})
}
