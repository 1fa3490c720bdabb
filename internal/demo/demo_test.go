package demo_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/certexch/certexch/internal/demo"
)

const small = 1 << 20 // enough of a large file for a test

// temporary makes the folder in which Run makes its own, and checks in the end that nothing is left.
func temporary(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Cleanup(func() {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v (%v)", left, err)
		}
	})
}

func TestRun(t *testing.T) {
	temporary(t)
	var out bytes.Buffer
	if err := demo.Run(t.Context(), demo.Options{Bulk: small, Out: &out}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{
		"6 files, 8555137 bytes: each byte compared",
		"demo.example/first has not registered this terminal",
		"(exit code 4)",
		"REFUSED, the bytes 050000",
		"MB/s",
		"All of it held.",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("not told: %s\n%s", want, out.String())
		}
	}
}

func TestRunServesDir(t *testing.T) {
	temporary(t)
	dir := t.TempDir()
	for name, content := range map[string]string{"a.txt": "alpha", "b/c.txt": "charlie", "b/empty": ""} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := demo.Run(t.Context(), demo.Options{Dir: dir, Bulk: small, Out: &out}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if !strings.Contains(out.String(), "3 files, 12 bytes") {
		t.Error(out.String())
	}
}

// TestKeep: what --keep leaves is whole, without the large files, and private.
func TestKeep(t *testing.T) {
	temporary(t)
	keep := filepath.Join(t.TempDir(), "homes")
	var out bytes.Buffer
	if err := demo.Run(t.Context(), demo.Options{Keep: keep, Bulk: small, Out: &out}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, name := range []string{
		"authority/root.key", "passphrase", "first/config.toml", "first/state/certificate.pem",
		"second/state/allowlist", "third/state/signing.key", "files/readme.txt", "fetched/files/readme.txt", "bulk",
	} {
		if _, err := os.Stat(filepath.Join(keep, name)); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"bulk/bulk.bin", "fetched/bulk/bulk.bin", "first/state/running"} {
		if _, err := os.Stat(filepath.Join(keep, name)); !os.IsNotExist(err) {
			t.Errorf("%s is still there (%v)", name, err)
		}
	}
	if !strings.Contains(out.String(), "certexch --home second get --addr ADDRESS first:files/") {
		t.Error(out.String())
	}
	if err := demo.Run(t.Context(), demo.Options{Keep: keep, Bulk: small, Out: &out}); err == nil {
		t.Error("a folder in use was taken")
	}
}

func TestRunFails(t *testing.T) {
	temporary(t)
	var out bytes.Buffer
	if err := demo.Run(t.Context(), demo.Options{Dir: filepath.Join(t.TempDir(), "missing"), Bulk: small, Out: &out}); err == nil {
		t.Error("a folder that is not there was served")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := demo.Run(ctx, demo.Options{Bulk: small, Out: &out}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if strings.Contains(out.String(), "All of it held.") {
		t.Error(out.String())
	}
}
