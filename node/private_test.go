package node_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/internal/durable"
	"github.com/certexch/certexch/node"
)

// decisive are the files and folders that say whom the terminal trusts and serves.
func (f *fixture) decisive() []string {
	return []string{f.home.Config, f.home.Allowlist(), filepath.Join(f.home.State, "certificate.pem"),
		filepath.Join(f.home.State, "trust"), f.domainFolder(), filepath.Join(f.domainFolder(), "root.pem"), f.list()}
}

// TestE1OthersMayNotWrite: who can write to the allowlist can register himself, and who can write to
// the trust folder is an authority.
func TestE1OthersMayNotWrite(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no mode bits")
	}
	nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
	refused := func(path string, spoil, mend func() error) {
		t.Helper()
		check(t, spoil())
		_, err := node.New(nas.home, nas.config, nas.environment())
		var permission *durable.PermissionError
		if !errors.As(err, &permission) || permission.Path != path {
			t.Errorf("%s: %v", path, err)
		}
		check(t, mend())
	}
	chmod := func(path string, mode fs.FileMode) func() error { return func() error { return os.Chmod(path, mode) } }
	chown := func(path string, id int) func() error { return func() error { return os.Chown(path, id, id) } }
	for _, path := range nas.decisive() {
		info, err := os.Stat(path)
		check(t, err)
		for _, bit := range []fs.FileMode{0o020, 0o002} {
			refused(path, chmod(path, info.Mode().Perm()|bit), chmod(path, info.Mode().Perm()))
		}
		if os.Geteuid() == 0 {
			refused(path, chown(path, 65534), chown(path, 0))
		}
	}
	refused(nas.home.State, chmod(nas.home.State, 0o750), chmod(nas.home.State, 0o700))
	if os.Geteuid() == 0 {
		theirs, ours := chown(nas.home.State, 65534), chown(nas.home.State, 0)
		check(t, theirs()) // whose keys root's would not be
		if _, err := node.New(nas.home, nas.config, nas.environment()); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("in another user's state folder: %v", err)
		}
		check(t, ours())
	}
	nas.terminal()
}

// TestE1OthersMayRead: the configuration, as it lies in /etc, and files in the closed folder.
func TestE1OthersMayRead(t *testing.T) {
	nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
	for _, path := range []string{nas.home.Config, nas.home.Allowlist(), nas.list()} {
		check(t, os.Chmod(path, 0o644))
	}
	nas.terminal()
}
