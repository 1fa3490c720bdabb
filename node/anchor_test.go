package node_test

import (
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/node"
)

// domainFolder is where a home keeps what it trusts for acme.example.
func (f *fixture) domainFolder() string { return filepath.Join(f.home.State, "trust", "acme.example") }

// list returns the one revocation list of the home.
func (f *fixture) list() string {
	f.t.Helper()
	lists, err := filepath.Glob(filepath.Join(f.domainFolder(), "crl-*.pem"))
	if err != nil || len(lists) != 1 {
		f.t.Fatalf("%v, %v", lists, err)
	}
	return lists[0]
}

// TestE4StrayTrustFiles: what a file manager, a crash or an interrupted install leaves behind takes
// nobody's trust away.
func TestE4StrayTrustFiles(t *testing.T) {
	nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
	trust := filepath.Dir(nas.domainFolder())
	check(t, os.WriteFile(filepath.Join(trust, ".DS_Store"), nil, 0o600))
	check(t, os.MkdirAll(filepath.Join(trust, "other.example"), 0o700))
	check(t, os.WriteFile(filepath.Join(trust, "other.example", ".root.pem.1.tmp"), nil, 0o600))
	check(t, os.WriteFile(filepath.Join(nas.domainFolder(), ".crl-1.pem.1.tmp"), nil, 0o600))
	nas.terminal()
	about, err := node.Describe(nas.home, nas.config, certtest.Now)
	if err != nil || about.Problem != nil || len(about.Authorities) != 1 {
		t.Errorf("%v, %v, %d authorities", err, about.Problem, len(about.Authorities))
	}
}

// TestE4DamagedTrust: anything else that cannot be used is named, with what to do, and nobody is
// trusted meanwhile.
func TestE4DamagedTrust(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(f *fixture) (file string, err error)
		advice string
	}{
		{"stray file", func(f *fixture) (string, error) {
			path := filepath.Join(filepath.Dir(f.domainFolder()), "notes.txt")
			return path, os.WriteFile(path, nil, 0o600)
		}, "move it"},
		{"no folder", func(f *fixture) (string, error) {
			path := filepath.Join(filepath.Dir(f.domainFolder()), "other.example")
			return path, os.WriteFile(path, nil, 0o600)
		}, "move it"},
		{"copy of a folder", func(f *fixture) (string, error) {
			path := filepath.Join(filepath.Dir(f.domainFolder()), "acme.example.bak")
			return filepath.Join(path, "root.pem"), os.CopyFS(path, os.DirFS(f.domainFolder()))
		}, "remove it"},
		{"root gone", func(f *fixture) (string, error) {
			path := filepath.Join(f.domainFolder(), "root.pem")
			return path, os.Remove(path)
		}, "install"},
		{"root damaged", func(f *fixture) (string, error) {
			path := filepath.Join(f.domainFolder(), "root.pem")
			return path, os.WriteFile(path, []byte("?"), 0o600)
		}, "install"},
		{"list damaged", func(f *fixture) (string, error) { return f.list(), os.Truncate(f.list(), 100) }, "backup"},
		{"list to come", func(f *fixture) (string, error) {
			f.now = func() time.Time { return certtest.Now.Add(-time.Hour) }
			return f.list(), nil
		}, "clock"},
	} {
		t.Run(c.name, func(t *testing.T) {
			nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
			file, err := c.damage(nas)
			check(t, err)
			_, err = node.New(nas.home, nas.config, nas.environment())
			var damaged *node.TrustError
			if !errors.As(err, &damaged) || damaged.File != file || strings.Count(err.Error(), file) != 1 {
				t.Fatalf("want %s in: %v", file, err)
			}
			if f := node.Explain(err); f.Reason != "bad-trust" || f.Code != node.CodeCertificate || !strings.Contains(f.Try, c.advice) {
				t.Errorf("explained as %+v", f)
			}
		})
	}
}

// TestE4InstallMends: a damaged list stands in the way of the next one, for it may have revoked
// somebody whom the next one does not name; without it, or without the root, installing mends.
func TestE4InstallMends(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas := newFixture(t, authority, "nas")
	later := certtest.Now.Add(time.Minute)
	der, err := authority.Issuer.SignCRL(certauth.Revocations{}, uint64(later.Unix()), later, later.AddDate(0, 0, 30))
	check(t, err)
	bundle := certauth.Bundle{CRL: der}.PEM()
	damaged := nas.list()
	check(t, os.Truncate(damaged, 100))
	if _, err := node.Install(nas.home, bundle, later, nil); !errors.As(err, new(*node.TrustError)) {
		t.Errorf("beside a damaged list: %v", err)
	}
	check(t, os.Remove(damaged))
	_, err = node.Install(nas.home, bundle, later, nil)
	check(t, err)

	check(t, os.Remove(filepath.Join(nas.domainFolder(), "root.pem")))
	bundle = certauth.Bundle{Leaf: certificateOf(t, nas), Root: authority.Root.DER()}.PEM()
	if _, err := node.Install(nas.home, bundle, later, nil); !errors.Is(err, node.ErrRootNotConfirmed) {
		t.Errorf("the root came back unasked: %v", err)
	}
}

// certificateOf returns the certificate that is installed.
func certificateOf(t *testing.T, f *fixture) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(f.home.State, "certificate.pem"))
	check(t, err)
	block, _ := pem.Decode(text)
	return block.Bytes
}
