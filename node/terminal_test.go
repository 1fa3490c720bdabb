package node_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestAddressesOnlyWhileRunning: and a second process cannot serve the same home.
func TestAddressesOnlyWhileRunning(t *testing.T) {
	nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
	if addrs, err := node.Addresses(nas.home); err != nil || len(addrs) > 0 {
		t.Fatalf("before: %v, %v", addrs, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	terminal := nas.terminal()
	go func() { ended <- terminal.Run(ctx) }()
	for _, a := range nas.addresses(ended) {
		if !strings.HasSuffix(a.String(), "/p2p/"+terminal.PeerID().String()) {
			t.Errorf("incomplete address %s", a)
		}
	}
	if err := nas.terminal().Run(t.Context()); !errors.Is(err, node.ErrRunning) {
		t.Errorf("a second process: %v", err)
	}
	stop()
	check(t, <-ended)
	if addrs, err := node.Addresses(nas.home); err != nil || len(addrs) > 0 {
		t.Errorf("after: %v, %v", addrs, err)
	}
}

// TestAddressesOfTheDead: what a killed process left behind is not shown.
func TestAddressesOfTheDead(t *testing.T) {
	nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
	check(t, os.WriteFile(filepath.Join(nas.home.State, "running"), []byte("/ip4/127.0.0.1/tcp/1\n"), 0o600))
	if addrs, err := node.Addresses(nas.home); err != nil || len(addrs) > 0 {
		t.Errorf("%v, %v", addrs, err)
	}
}

// TestNewTouchesNothing: checking a home leaves it as it was.
func TestNewTouchesNothing(t *testing.T) {
	nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
	before := tree(t, nas.home)
	nas.terminal()
	if after := tree(t, nas.home); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func tree(t *testing.T, home node.Home) string {
	t.Helper()
	var b strings.Builder
	check(t, filepath.WalkDir(filepath.Dir(home.Config), func(path string, d fs.DirEntry, err error) error {
		check(t, err)
		info, err := d.Info()
		check(t, err)
		b.WriteString(path + " " + info.Mode().String() + " " + info.ModTime().String() + "\n")
		return nil
	}))
	return b.String()
}

// TestE1OpenKeysAreRefused: a key that others may read, or reach, is not used.
func TestE1OpenKeysAreRefused(t *testing.T) {
	for _, file := range []string{"signing.key", "sealing.key", "."} {
		nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
		check(t, os.Chmod(filepath.Join(nas.home.State, file), 0o777))
		if _, err := node.New(nas.home, nas.config, nas.environment()); err == nil {
			t.Errorf("%s with mode 0777 was accepted", file)
		}
	}
}

// TestE4MissingAllowlist: is nobody, not everybody.
func TestE4MissingAllowlist(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	desk, nas := newFixture(t, authority, "desk"), newFixture(t, authority, "nas")
	desk.register(nas)
	nas.share("docs", "a.txt", secret)
	check(t, os.Remove(nas.home.Allowlist()))
	wantReason(t, fetch(t, desk, nas, nas.serve()...), "not-registered-there")
}

// TestE4BrokenAllowlist: a terminal does not start on half a list.
func TestE4BrokenAllowlist(t *testing.T) {
	nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
	check(t, os.WriteFile(nas.home.Allowlist(), []byte("acme.example/*\n"), 0o600))
	if _, err := node.New(nas.home, nas.config, nas.environment()); err == nil {
		t.Error("a glob was accepted")
	}
}

// TestD14OwnHomeIsNeverShared: a share that would hold the keys is refused before anything is served.
func TestD14OwnHomeIsNeverShared(t *testing.T) {
	nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
	for _, dir := range []string{nas.home.State, filepath.Dir(nas.home.State), filepath.Dir(filepath.Dir(nas.home.State))} {
		nas.config.Shares = []node.Share{{Name: "all", Path: dir, Read: []string{"*"}}}
		wantUnservable(t, nas)
	}
}

// TestMissingShareIsNotServed: a folder that is not there keeps nobody but serve from working.
func TestMissingShareIsNotServed(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	desk, nas := newFixture(t, authority, "desk"), newFixture(t, authority, "nas")
	desk.register(nas)
	nas.register(desk)
	nas.share("docs", "a.txt", secret)
	desk.config.Shares = []node.Share{{Name: "usb", Path: filepath.Join(t.TempDir(), "unplugged"), Read: []string{"*"}}}
	check(t, fetch(t, desk, nas, nas.serve()...))
	wantUnservable(t, desk)
}

// wantUnservable wants the shares of f refused, by Run too, before anything is served.
func wantUnservable(t *testing.T, f *fixture) {
	t.Helper()
	terminal := f.terminal()
	for _, err := range []error{terminal.CheckShares(), terminal.Run(t.Context())} {
		if !errors.As(err, new(*node.ConfigError)) {
			t.Errorf("not refused, but: %v", err)
		}
	}
	if addrs, err := node.Addresses(f.home); err != nil || len(addrs) > 0 {
		t.Errorf("it listened: %v, %v", addrs, err)
	}
}

// TestE4SharesAsWritten: what can be told without looking at the disk is refused from the start.
func TestE4SharesAsWritten(t *testing.T) {
	nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
	docs := node.Share{Name: "docs", Path: "/nonexistent"}
	for name, shares := range map[string][]node.Share{
		"no name":       {{Path: "/srv"}},
		"relative path": {{Name: "docs", Path: "srv"}},
		"no identity":   {{Name: "docs", Path: "/srv", Read: []string{"acme.example/*"}}},
		"a name twice":  {docs, docs},
	} {
		nas.config.Shares = shares
		if _, err := node.New(nas.home, nas.config, nas.environment()); !errors.As(err, new(*node.ConfigError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestExampleIsTheDefault: config.example.toml holds every key with its default.
func TestExampleIsTheDefault(t *testing.T) {
	text, err := os.ReadFile("../config.example.toml")
	check(t, err)
	if string(text) != string(node.Example()) {
		t.Error("config.example.toml is not what init writes (node/example.toml)")
	}
	config, err := node.Load("../config.example.toml")
	check(t, err)
	if got, want := show(config), show(node.DefaultConfig()); got != want {
		t.Errorf("example:\n%s\ndefault:\n%s", got, want)
	}
}
