package home_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/home"
)

const config = "private = true\n"

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestInitMends: whatever an init that failed has left, or somebody has removed, the next one makes a whole home of
// it, and never other keys than those that a home has.
func TestInitMends(t *testing.T) {
	at, err := home.At(t.TempDir())
	check(t, err)
	key := at.SigningKey()
	check(t, home.Init(at, []byte(config)))
	for _, missing := range [][]string{
		{},
		{at.Config},
		{at.Allowlist()},
		{key},
		{key, filepath.Join(at.State, "sealing.key")},
		{at.Config, at.Allowlist(), key},
	} {
		before, err := os.ReadFile(key)
		check(t, err)
		for _, file := range missing {
			check(t, os.Remove(file))
		}
		if err := home.Init(at, []byte(config)); len(missing) > 0 && err != nil || len(missing) == 0 && !errors.Is(err, home.ErrExists) {
			t.Errorf("without %q: %v", missing, err)
		}
		if text, err := os.ReadFile(at.Config); err != nil || string(text) != config {
			t.Errorf("without %q: the configuration says %q, %v", missing, text, err)
		}
		_, err = home.Request(at, certauth.Identity{})
		check(t, err)
		after, err := os.ReadFile(key)
		check(t, err)
		if kept := string(before) == string(after); kept == strings.Contains(strings.Join(missing, " "), "signing.key") {
			t.Errorf("without %q: the key was kept: %t", missing, kept)
		}
	}
}

// TestLostKey: whoever has lost one key only is not sent to init, which would not make it, or would replace the other,
// of which the certificate is.
func TestLostKey(t *testing.T) {
	for lost, left := range map[string]string{"signing": "sealing", "sealing": "signing"} {
		at, err := home.At(t.TempDir())
		check(t, err)
		check(t, home.Init(at, []byte(config)))
		check(t, os.WriteFile(at.Certificate(), []byte("of both"), 0o600))
		kept := filepath.Join(at.State, left+".key")
		before, err := os.ReadFile(kept)
		check(t, err)
		check(t, os.Remove(filepath.Join(at.State, lost+".key")))
		_, err = home.Request(at, certauth.Identity{})
		var unready *home.NotReadyError
		if !errors.As(err, &unready) || unready.Missing != lost+" key" || !strings.Contains(unready.Advice, "remove "+left+".key") {
			t.Errorf("%s: got %v", lost, err)
		}
		if err := home.Init(at, []byte(config)); err == nil {
			t.Errorf("%s: init said nothing", lost)
		}
		after, err := os.ReadFile(kept)
		if err != nil || string(after) != string(before) {
			t.Errorf("%s: the other key is another now, %v", lost, err)
		}
		check(t, os.Remove(kept))
		check(t, home.Init(at, []byte(config)))
	}
}
