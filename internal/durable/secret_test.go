package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestReadSecret(t *testing.T) {
	path := filepath.Join(privateDir(t), "key")
	if _, err := ReadSecret(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if err := CreateFile(path, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := ReadSecret(path); err != nil || string(data) != "secret" {
		t.Errorf("%q, %v", data, err)
	}
	if err := WriteFile(path, make([]byte, MaxSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := ReadSecret(path); err != nil || len(data) != MaxSecret {
		t.Errorf("at the limit: %d bytes, %v", len(data), err)
	}
	if err := WriteFile(path, make([]byte, MaxSecret+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSecret(path); err == nil {
		t.Error("accepted a file above the limit")
	}
}

func TestMkdirPrivateMakesParents(t *testing.T) {
	top := filepath.Join(privateDir(t), "a")
	path := filepath.Join(top, "b", "c")
	for range 2 {
		if err := MkdirPrivate(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteFile(filepath.Join(top, "f"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := MkdirPrivate(filepath.Join(top, "f")); err == nil {
		t.Error("took a file for a folder")
	}
}

// privateDir is a temporary folder that ReadSecret accepts whatever the umask.
func privateDir(t *testing.T) string {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
