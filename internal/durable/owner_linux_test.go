package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// theirFolder is a folder of the stranger's, beside one of root's that everybody may see and nobody change.
func theirFolder(t *testing.T) (theirs, ours string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root acts as another user")
	}
	top, err := os.MkdirTemp("/tmp", "durable")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(top) })
	theirs, ours = filepath.Join(top, "theirs"), filepath.Join(top, "ours")
	must(t, os.Chmod(top, 0o755), os.Mkdir(theirs, 0o700), os.Lchown(theirs, stranger, stranger), os.Mkdir(ours, 0o755))
	return theirs, ours
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// What root makes in the folder of a service belongs to the service.
func TestE1RootMakesFilesOfTheOwner(t *testing.T) {
	theirs, _ := theirFolder(t)
	in := func(name string) string { return filepath.Join(theirs, name) }
	unlock, err := Lock(t.Context(), in("lock"))
	must(t, err,
		MkdirPrivate(theirs), MkdirPrivate(in("a/b")), CreateFile(in("a/b/made"), nil, 0o600),
		CreateFile(in("replaced"), []byte("1"), 0o600), WriteFile(in("replaced"), []byte("2"), 0o640))
	unlock()
	err = filepath.WalkDir(theirs, func(path string, d fs.DirEntry, err error) error {
		must(t, err)
		info, err := d.Info()
		must(t, err)
		if stat := info.Sys().(*syscall.Stat_t); stat.Uid != stranger || stat.Gid != stranger {
			t.Errorf("%s belongs to %d:%d", path, stat.Uid, stat.Gid)
		}
		return nil
	})
	must(t, err)
}

// Root finds what the owner would find: his key, and that he cannot use root's.
func TestE1RootReadsAsTheOwner(t *testing.T) {
	theirs, _ := theirFolder(t)
	key := filepath.Join(theirs, "key")
	must(t, CreateFile(key, []byte("secret"), 0o600))
	data, err := ReadSecret(key)
	if err != nil || string(data) != "secret" {
		t.Errorf("%q, %v", data, err)
	}
	wantRefusal(t, CheckPrivate(theirs), "")
	wantRefusal(t, CheckSecret(key), "is used by user 0")
	must(t, os.Lchown(key, 0, 0))
	_, err = ReadSecret(key)
	wantRefusal(t, err, "it belongs to user 0, and is used by user 65534")
}

// A service that was broken into plants links, and waits for root to come by.
func TestE1RootFollowsNoPlantedLink(t *testing.T) {
	theirs, ours := theirFolder(t)
	secret := filepath.Join(ours, "secret")
	must(t, os.WriteFile(secret, []byte("root's"), 0o600), os.Chmod(secret, 0o640), // no group either
		os.Symlink(ours, filepath.Join(theirs, "trust")),
		os.Symlink(secret, filepath.Join(theirs, "file")),
		os.Symlink(filepath.Join(ours, "lock"), filepath.Join(theirs, "lock")),
		syscall.Mkfifo(filepath.Join(theirs, "fifo"), 0o600))
	for name, act := range map[string]func() error{
		"write":          func() error { return WriteFile(filepath.Join(theirs, "trust", "secret"), nil, 0o600) },
		"create":         func() error { return CreateFile(filepath.Join(theirs, "trust", "new"), nil, 0o600) },
		"make folder":    func() error { return MkdirPrivate(filepath.Join(theirs, "trust", "new")) },
		"take folder":    func() error { return MkdirPrivate(filepath.Join(theirs, "trust")) },
		"lock":           func() error { return lockError(t, filepath.Join(theirs, "lock")) },
		"lock beyond":    func() error { return lockError(t, filepath.Join(theirs, "trust", "lock")) },
		"read":           func() error { return openError(filepath.Join(theirs, "file")) },
		"read beyond":    func() error { return openError(filepath.Join(theirs, "trust", "secret")) },
		"read FIFO":      func() error { return openError(filepath.Join(theirs, "fifo")) },
		"read as secret": func() error { _, err := ReadSecret(filepath.Join(theirs, "file")); return err },
	} {
		if err := act(); err == nil {
			t.Errorf("%s: done", name)
		} else if name != "lock" && !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: failed by accident: %v", name, err)
		}
	}
	data, err := os.ReadFile(secret)
	entries, _ := os.ReadDir(ours)
	if err != nil || string(data) != "root's" || len(entries) != 1 {
		t.Errorf("root's folder was changed: %q, %v, %v", data, entries, err)
	}
	must(t, WriteFile(filepath.Join(theirs, "file"), nil, 0o600)) // a link in the last place is replaced
	if info, err := os.Lstat(filepath.Join(theirs, "file")); err != nil || !info.Mode().IsRegular() {
		t.Errorf("still a link: %v, %v", info, err)
	}
}

func lockError(t *testing.T, path string) error {
	unlock, err := Lock(t.Context(), path)
	if err == nil {
		unlock()
	}
	return err
}

func openError(path string) error {
	f, err := Open(path)
	if err == nil {
		f.Close()
	}
	return err
}

// Whoever acts as somebody else does it alone: all other threads keep their rights, and none is started
// that has not got them.
func TestE1RootStaysRootElsewhere(t *testing.T) {
	theirs, ours := theirFolder(t)
	must(t, os.Chmod(ours, 0o700))
	probe := func() error { return os.WriteFile(filepath.Join(ours, "probe"), nil, 0o600) }
	for range 200 {
		beside := make(chan error)
		err := asOwner(theirs, func(int) error {
			go func() { beside <- probe() }()
			besides := <-beside
			if err := probe(); !errors.Is(err, fs.ErrPermission) {
				t.Errorf("the stranger's rights: %v", err)
			}
			return besides
		})
		must(t, err, probe())
	}
}
