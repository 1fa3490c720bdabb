package share

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/durable"
	"github.com/certexch/certexch/internal/transfer"
)

// D6: what is no regular file is not served, and nothing that can be asked of it blocks.
func TestD6SpecialFiles(t *testing.T) {
	dir := tree(t, "file", "dir/")
	path := func(name string) string { return filepath.Join(dir, name) }
	check(t, syscall.Mkfifo(path("pipe"), 0o666))
	check(t, os.Symlink("pipe", path("link-to-pipe")))
	socket, err := net.Listen("unix", path("socket"))
	check(t, err)
	defer socket.Close()
	if err := syscall.Mknod(path("null"), syscall.S_IFCHR|0o666, 1<<8|3); err != nil {
		t.Logf("no device in this test: %v", err)
	}
	source := openDir(t, dir)
	if got := names(t, source, "docs", ""); !slices.Equal(got, []string{"dir", "file"}) {
		t.Errorf("List = %q", got)
	}
	for _, name := range []string{"pipe", "link-to-pipe", "socket", "null"} {
		start := time.Now()
		for op, err := range map[string]error{
			"Open": second(content(source, "docs", name)),
			"Stat": second(source.Stat("docs", name)),
		} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s(%q): %v", op, name, err)
			}
		}
		if _, _, err := source.List("docs", name, "", 10); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("List(%q): %v", name, err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("%q took %v", name, took)
		}
	}
}

// D6: a pipe or directory that takes the place of a file between the look at it and its opening is
// found out, and does not block.
func TestD6PipeInPlaceOfFile(t *testing.T) {
	dir := tree(t, "file", "dir/")
	check(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o666))
	source := openDir(t, dir).(*view)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, c := range []struct {
			name      string
			directory bool
		}{{"pipe", isFile}, {"pipe", isDirectory}, {"dir", isFile}, {"file", isDirectory}} {
			p, err := source.find("docs", c.name)
			check(t, err)
			if f, err := p.openAny(c.directory); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%q, directory %v: %v, %v", c.name, c.directory, f, err)
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("opening blocks")
	}
}

func second[T any](_ T, err error) error { return err }

// D6: a file is as long as the file system says: an endless one that says 0 is empty, and a sparse one
// of 1 TiB costs nothing until it is read.
func TestD6EndlessAndSparse(t *testing.T) {
	proc := openDir(t, "/proc/self")
	if got, err := content(proc, "docs", "status"); got != "" || err != nil && !errors.Is(err, transfer.ErrChanged) {
		t.Errorf("an endless file gave %q, %v", got, err)
	}
	dir := tree(t, "sparse")
	check(t, os.Truncate(filepath.Join(dir, "sparse"), 1<<40))
	f, err := openDir(t, dir).Open("docs", "sparse")
	check(t, err)
	defer f.Close()
	b := []byte{1}
	if _, err := f.ReadAt(b, 1<<40-1); err != nil || b[0] != 0 || f.Entry().Size != 1<<40 {
		t.Errorf("the last byte of %d is %d, %v", f.Entry().Size, b[0], err)
	}
}

// A process that has too many files open is busy, and serves again when it has fewer.
func TestTooManyOpenFiles(t *testing.T) {
	source := openDir(t, tree(t, "f", "d/x"))
	var limit syscall.Rlimit
	check(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	check(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 3, Max: limit.Max}))
	_, openErr := source.Open("docs", "f")
	_, _, listErr := source.List("docs", "d", "", 10)
	check(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	for op, err := range map[string]error{"Open": openErr, "List": listErr} {
		if !errors.Is(err, transfer.ErrBusy) || !errors.Is(err, syscall.EMFILE) {
			t.Errorf("%s: %v", op, err)
		}
	}
	if _, err := content(source, "docs", "f"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// An unreadable file is there, and may not be read.
func TestUnreadable(t *testing.T) {
	dir := tree(t, "f", "d/x")
	check(t, os.Chmod(filepath.Join(dir, "f"), 0))
	check(t, os.Chmod(filepath.Join(dir, "d"), 0o300))
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "d"), 0o700) }) // or it could not be removed
	// Everything is readable to root, but as another user.
	if os.Geteuid() == 0 {
		for _, name := range []string{".", "f", "d", "d/x"} {
			check(t, os.Chown(filepath.Join(dir, name), 65534, 65534))
		}
	}
	source := openDir(t, dir)
	check(t, durable.AsOwner(dir, func() error {
		if _, err := source.Stat("docs", "f"); err != nil {
			t.Errorf("Stat: %v", err)
		}
		if _, err := content(source, "docs", "f"); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("Open: %v", err)
		}
		if _, _, err := source.List("docs", "d", "", 10); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("List: %v", err)
		}
		return nil
	}))
}
