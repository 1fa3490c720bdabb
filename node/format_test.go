package node_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/node"
)

// TestNewerStateIsRefused: an older program keeps its hands off what a newer one has made.
func TestNewerStateIsRefused(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas := newFixture(t, authority, "nas")
	list := certauth.Bundle{CRL: authority.CRL(t, certauth.Revocations{}).DER()}.PEM()
	file := filepath.Join(nas.home.State, "format")
	text, err := os.ReadFile(file)
	if err != nil || string(text) != "1\n" {
		t.Errorf("a new home has the format %q, %v", text, err)
	}
	for _, c := range []struct {
		format string
		ok     bool
	}{{"1", true}, {"2\n", false}, {"0\n", false}, {"-1\n", false}, {"", false}, {"1 2", false}, {"one\n", false}, {"99999999999999999999\n", false}} {
		check(t, os.WriteFile(file, []byte(c.format), 0o600))
		for name, act := range map[string]func() error{
			"check":    func() error { return node.CheckFormat(nas.home) },
			"open":     func() error { _, err := node.New(nas.home, nas.config, nas.environment()); return err },
			"request":  func() error { _, err := node.Request(nas.home, certauth.Identity{}); return err },
			"install":  func() error { _, err := node.Install(nas.home, list, certtest.Now, nil); return err },
			"describe": func() error { _, err := node.Describe(nas.home, nas.config, certtest.Now); return err },
		} {
			if err := act(); c.ok != (err == nil) || !c.ok && !errors.As(err, new(*node.FormatError)) {
				t.Errorf("%q: %s: %v", c.format, name, err)
			}
		}
		if f := node.Explain(node.CheckFormat(nas.home)); !c.ok && (f.Reason != "newer-state" || f.Try == "") {
			t.Errorf("%q: %+v", c.format, f)
		}
	}
	check(t, os.Remove(file))
	nas.terminal() // of before there was such a file
}

// TestInitLeavesNewerStateAlone: nor are new keys made in it.
func TestInitLeavesNewerStateAlone(t *testing.T) {
	home, err := node.HomeAt(t.TempDir())
	check(t, err)
	check(t, os.Mkdir(home.State, 0o700))
	check(t, os.WriteFile(filepath.Join(home.State, "format"), []byte("2\n"), 0o600))
	if err := node.Init(home); !errors.As(err, new(*node.FormatError)) {
		t.Errorf("Init: %v", err)
	}
	entries, err := os.ReadDir(home.State)
	if err != nil || len(entries) != 1 {
		t.Errorf("made %v, %v", entries, err)
	}
}
