package node_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/node"
)

// meet returns a peer that serves dir as "docs".
func meet(t testing.TB, dir string) *node.Peer {
	t.Helper()
	authority := certtest.NewAuthority(t, "acme.example")
	desk, nas := newFixture(t, authority, "desk"), newFixture(t, authority, "nas")
	desk.register(nas)
	nas.register(desk)
	nas.config.Shares = []node.Share{{Name: "docs", Path: dir, Read: []string{"acme.example/desk"}}}
	peer, err := desk.terminal().Dial(t.Context(), nas.identity, nas.serve()...)
	check(t, err)
	t.Cleanup(func() { peer.Close() })
	return peer
}

// TestFS: a remote share is a file system by the standard library's own rules.
func TestFS(t *testing.T) {
	dir := t.TempDir()
	check(t, os.MkdirAll(filepath.Join(dir, "reports", "2026"), 0o755))
	for name, content := range map[string]string{"readme.txt": "hello", "empty": "", "reports/2026/q3.csv": "a,b\n1,2\n"} {
		check(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	fsys := meet(t, dir).FS(t.Context(), "docs")
	check(t, fstest.TestFS(fsys, "readme.txt", "empty", "reports/2026/q3.csv"))
	if _, err := fs.ReadFile(fsys, "missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// TestFileChangedWhileOpen: an open file is one version, and says so when that is gone.
func TestFileChangedWhileOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	check(t, os.WriteFile(path, []byte("first"), 0o644))
	fsys := meet(t, dir).FS(t.Context(), "docs")
	f, err := fsys.Open("a.txt")
	check(t, err)
	defer f.Close()
	check(t, os.WriteFile(path, []byte("the second version"), 0o644))
	if got, err := io.ReadAll(f); node.Explain(err).Code != node.CodeChanged {
		t.Errorf("read %q, %v", got, err)
	}
}

// TestOverlappingCalls: calls that overlap do not wait for each other.
func TestOverlappingCalls(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "a.txt"), []byte("first"), 0o644))
	peer := meet(t, dir)
	open, err := peer.Read(t.Context(), node.ReadRequest{Share: "docs", Path: "a.txt"})
	check(t, err)
	defer open.Close()
	if names, err := peer.Shares(t.Context()); err != nil || len(names) != 1 || names[0] != "docs" {
		t.Errorf("shares while a file is open: %q, %v", names, err)
	}
}
