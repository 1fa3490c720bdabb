package node_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/node"
)

// TestInitMends: whatever an init that failed has left, or somebody has removed, the next one makes a whole home of
// it, and never other keys than those that a home has.
func TestInitMends(t *testing.T) {
	home, err := node.HomeAt(t.TempDir())
	check(t, err)
	key := filepath.Join(home.State, "signing.key")
	check(t, node.Init(home))
	for _, missing := range [][]string{
		{},
		{home.Config},
		{home.Allowlist()},
		{key},
		{key, filepath.Join(home.State, "sealing.key")},
		{home.Config, home.Allowlist(), key},
	} {
		before, err := os.ReadFile(key)
		check(t, err)
		for _, file := range missing {
			check(t, os.Remove(file))
		}
		if err := node.Init(home); len(missing) > 0 && err != nil || len(missing) == 0 && !errors.Is(err, node.ErrExists) {
			t.Errorf("without %q: %v", missing, err)
		}
		_, err = node.Load(home.Config)
		check(t, err)
		_, err = node.Request(home, certauth.Identity{})
		check(t, err)
		after, err := os.ReadFile(key)
		check(t, err)
		if kept := string(before) == string(after); kept == strings.Contains(strings.Join(missing, " "), "signing.key") {
			t.Errorf("without %q: the key was kept: %t", missing, kept)
		}
	}
}

// TestLostSealingKey: whoever has lost one key only is not sent to init, which would not make it.
func TestLostSealingKey(t *testing.T) {
	home, err := node.HomeAt(t.TempDir())
	check(t, err)
	check(t, node.Init(home))
	check(t, os.Remove(filepath.Join(home.State, "sealing.key")))
	_, err = node.Request(home, certauth.Identity{})
	if try := node.Explain(err).Try; !strings.Contains(try, "remove "+filepath.Join(home.State, "signing.key")) {
		t.Errorf("%v: %q", err, try)
	}
}
