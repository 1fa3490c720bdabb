//go:build unix

package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// stranger is the user "nobody", as whom the table runs when we are root.
const stranger = 65534

// The table of files and folders that must not be trusted. Each case gets a
// private folder with a good key in it, and spoils it.
var e1cases = []struct {
	name  string
	spoil func(dir string) error
	want  string // in the error; empty: accepted
}{
	{"good", func(string) error { return nil }, ""},
	{"read-only", chmod("key", 0o400), ""},
	{"group may read", chmod("key", 0o640), "wider than 0600"},
	{"others may read", chmod("key", 0o604), "wider than 0600"},
	{"others may write", chmod("key", 0o602), "wider than 0600"},
	{"executable", chmod("key", 0o700), "wider than 0600"},
	{"folder others may list", chmod("", 0o755), ""},
	{"folder others may write", chmod("", 0o777), "lets others replace"},
	{"folder group may write", chmod("", 0o770), "lets others replace"},
	{"folder sticky", chmod("", 0o777|fs.ModeSticky), ""},
	{"symbolic link", replaceKey(func(path string) error { return os.Symlink("../key", path) }), "symbolic link"},
	{"folder", replaceKey(func(path string) error { return os.Mkdir(path, 0o700) }), "not a regular file"},
	{"fifo", replaceKey(func(path string) error { return syscall.Mkfifo(path, 0o600) }), "not a regular file"},
}

func chmod(name string, mode fs.FileMode) func(string) error {
	return func(dir string) error { return os.Chmod(filepath.Join(dir, name), mode) }
}

func replaceKey(with func(string) error) func(string) error {
	return func(dir string) error {
		path := filepath.Join(dir, "key")
		return errors.Join(os.Remove(path), with(path))
	}
}

func TestE1FileModes(t *testing.T) {
	for _, c := range e1cases {
		t.Run(c.name, func(t *testing.T) {
			dir := privateDir(t)
			path := filepath.Join(dir, "key")
			if err := CreateFile(path, []byte("secret"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			_, err := ReadSecret(path)
			wantRefusal(t, err, c.want)
		})
	}
}

// What is obeyed may be read by everyone, and written by nobody else.
func TestE1Owned(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(dir string) error
		want  string
	}{
		{"private", chmod("key", 0o600), ""},
		{"readable", chmod("key", 0o644), ""},
		{"group may write", chmod("key", 0o620), "lets others write"},
		{"others may write", chmod("key", 0o602), "lets others write"},
		{"in a folder others may write", chmod("", 0o777), "lets others replace"},
		{"through a link", replaceKey(func(path string) error { return os.Symlink("/etc/passwd", path) }), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := privateDir(t)
			path := filepath.Join(dir, "key")
			err := errors.Join(CreateFile(path, nil, 0o600), c.spoil(dir))
			if err != nil {
				t.Fatal(err)
			}
			wantRefusal(t, CheckOwned(path), c.want)
		})
	}
	dir := privateDir(t)
	if err := CheckOwned(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	wantRefusal(t, CheckOwned(dir), "")
	if err := os.Chmod(dir, 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, CheckOwned(dir), "lets others write")
}

// A folder that is private already is checked and left alone.
func TestE1CheckPrivate(t *testing.T) {
	dir := privateDir(t)
	wantRefusal(t, CheckPrivate(dir), "")
	if err := CheckPrivate(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, CheckPrivate(dir), "wider than 0700")
}

// A writable folder anywhere above counts, also when only a link leads there.
func TestE1Parents(t *testing.T) {
	top := privateDir(t)
	deep := filepath.Join(top, "a", "b")
	if err := MkdirPrivate(deep); err != nil {
		t.Fatal(err)
	}
	if err := CreateFile(filepath.Join(deep, "key"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := MkdirPrivate(filepath.Join(top, "links")); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"rel": "../a/b/../b", "abs": deep, "chain": "rel", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(top, "links", name)); err != nil {
			t.Fatal(err)
		}
	}
	read := func(parts ...string) error {
		_, err := ReadSecret(filepath.Join(append([]string{top}, append(parts, "key")...)...))
		return err
	}
	for _, link := range []string{"rel", "abs", "chain"} {
		wantRefusal(t, read("links", link), "")
	}
	if err := read("links", "loop"); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("loop: %v", err)
	}

	if err := os.Chmod(filepath.Join(top, "a"), 0o777); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, read("a", "b"), "lets others replace")
	for _, link := range []string{"rel", "abs", "chain"} {
		wantRefusal(t, read("links", link), "lets others replace")
	}
	wantRefusal(t, MkdirPrivate(filepath.Join(top, "a", "c", "d")), "lets others replace")
	if _, err := os.Stat(filepath.Join(top, "a", "c")); !os.IsNotExist(err) {
		t.Error("a refused folder was made")
	}
}

func TestE1MkdirPrivateRefusesWider(t *testing.T) {
	dir := privateDir(t)
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, MkdirPrivate(dir), "wider than 0700")
}

// What is made is private whatever the umask says.
func TestE1UmaskDoesNotMatter(t *testing.T) {
	dir := privateDir(t)
	for _, umask := range []int{0, 0o077, 0o777} {
		old := syscall.Umask(umask)
		sub := filepath.Join(dir, fmt.Sprintf("%03o", umask))
		err := MkdirPrivate(sub)
		if err == nil {
			err = CreateFile(filepath.Join(sub, "key"), nil, 0o600)
		}
		syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		folder, _ := os.Stat(sub)
		file, _ := os.Stat(filepath.Join(sub, "key"))
		if folder.Mode().Perm() != 0o700 || file.Mode().Perm() != 0o600 {
			t.Errorf("umask %03o: folder %v, file %v", umask, folder.Mode(), file.Mode())
		}
	}
}

// As root, everything above again as an ordinary user, and what only another
// user's files can show: a foreign owner of the key, of its folder, of a link.
func TestE1AsAnotherUser(t *testing.T) {
	if os.Geteuid() == stranger {
		foreignOwners(t, os.Getenv("FOREIGN"))
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	dir, err := os.MkdirTemp("/tmp", "durable")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	ours := filepath.Join(dir, "ours") // root's, open to the stranger; the mirror image is TestE1Root
	program := filepath.Join(dir, "test")
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Skip("no /proc here, so this program cannot be copied for another user:", err)
	}
	err = errors.Join(
		os.Chmod(dir, 0o755),
		os.Mkdir(ours, 0o755),
		os.WriteFile(filepath.Join(ours, "key"), []byte("root's"), 0o600),
		os.WriteFile(program, self, 0o755),
		os.Chmod(program, 0o755),
	)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^TestE1")
	cmd.Dir = "/"
	cmd.Env = []string{"TMPDIR=/tmp", "FOREIGN=" + ours}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("as user %d: %v\n%s", stranger, err, out)
	}
}

func foreignOwners(t *testing.T, ours string) {
	_, err := ReadSecret(filepath.Join(ours, "key"))
	wantRefusal(t, err, "belongs to user 0, and is used by user 65534")
	wantRefusal(t, MkdirPrivate(ours), "belongs to user 0")
	wantRefusal(t, CheckOwned(filepath.Join(ours, "key")), "") // root's own may be obeyed
}

func TestE1Root(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	dir := privateDir(t)
	theirs, key := filepath.Join(dir, "theirs"), filepath.Join(dir, "theirs", "key")
	link := filepath.Join(dir, "link")
	err := errors.Join(
		os.Mkdir(theirs, 0o700),
		os.WriteFile(key, nil, 0o600),
		os.Symlink("theirs", link),
		os.Lchown(key, stranger, stranger),
	)
	if err != nil {
		t.Fatal(err)
	}
	_, err = ReadSecret(key)
	wantRefusal(t, err, "belongs to user 65534")
	wantRefusal(t, CheckOwned(key), "it belongs to user 65534")
	if err := errors.Join(os.Lchown(key, 0, 0), os.Lchown(link, stranger, stranger)); err != nil {
		t.Fatal(err)
	}
	_, err = ReadSecret(key)
	wantRefusal(t, err, "")
	if _, err = ReadSecret(filepath.Join(link, "key")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("through the stranger's link: %v", err)
	}
	if err := os.Lchown(theirs, stranger, stranger); err != nil {
		t.Fatal(err)
	}
	if _, err = ReadSecret(key); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("in the stranger's folder: %v", err)
	}
}

// wantRefusal wants no error if problem is empty, else a PermissionError that
// says problem and gives advice.
func wantRefusal(t *testing.T, err error, problem string) {
	t.Helper()
	if problem == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	var refusal *PermissionError
	if !errors.As(err, &refusal) || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("not refused, but: %v", err)
		return
	}
	if !strings.Contains(refusal.Problem, problem) || refusal.Advice == "" {
		t.Errorf("refused for another reason: %v", err)
	}
}
