package share

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/channeltest"
	"github.com/certexch/certexch/internal/transfer"
)

const size = 1 << 20

func filled(b byte) []byte { return bytes.Repeat([]byte{b}, size) }

// changes are the ways in which a file changes under a reader. Each leaves a file of b.
var changes = map[string]func(path string) error{
	"rewritten in place": func(path string) error {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteAt(filled('b'), 0)
		return errors.Join(err, f.Close())
	},
	"truncated": func(path string) error { return os.Truncate(path, size/2) },
	"emptied and written again": func(path string) error {
		return os.WriteFile(path, filled('b'), 0o644)
	},
	"appended to": func(path string) error {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		_, err = f.Write([]byte{'b'})
		return errors.Join(err, f.Close())
	},
	"replaced": func(path string) error {
		return errors.Join(os.WriteFile(path+".new", filled('b'), 0o644), os.Rename(path+".new", path))
	},
	"rewritten with its old time": func(path string) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return errors.Join(os.WriteFile(path, filled('b'), 0o644), os.Chtimes(path, info.ModTime(), info.ModTime()))
	},
	"touched": func(path string) error {
		now := time.Now()
		return os.Chtimes(path, now, now)
	},
}

// D8: a file that changes while it is sent, at whatever place and in whatever way, ends in "changed".
func TestD8ChangeWhileSending(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	source := &changing{Source: openDir(t, dir)}
	client := serve(t, source)
	for name, change := range changes {
		for range 8 {
			check(t, os.WriteFile(path, filled('a'), 0o644))
			at := rand.Int64N(size)
			source.at, source.change = at, func() error { return change(path) }
			_, err := fetch(client)
			if source.err != nil {
				t.Fatal(source.err)
			}
			if !errors.Is(err, transfer.ErrChanged) {
				t.Errorf("%s at %d: %v", name, at, err)
			}
		}
	}
	source.change = nil
	check(t, os.WriteFile(path, filled('a'), 0o644))
	if got, err := fetch(client); err != nil || !bytes.Equal(got, filled('a')) {
		t.Errorf("a file at rest: %d bytes, %v", len(got), err)
	}
}

// D8: beside a writer that goes its own way, what arrives is one version or "changed".
func TestD8ConcurrentWriter(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	check(t, os.WriteFile(path, filled('a'), 0o644))
	client := serve(t, openDir(t, dir))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(rand.N(80 * time.Millisecond)):
			}
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				continue
			}
			f.WriteAt(filled('a'+byte(i%20)), 0)
			f.Close()
		}
	}()
	whole, changed := 0, 0
	for range 100 {
		got, err := fetch(client)
		switch {
		case errors.Is(err, transfer.ErrChanged):
			changed++
		case err != nil:
			t.Fatal(err)
		case len(got) != size || !bytes.Equal(got, filled(got[0])):
			t.Fatal("two versions in one file")
		default:
			whole++
		}
	}
	close(stop)
	<-done
	t.Logf("%d whole, %d changed", whole, changed)
	if whole == 0 {
		t.Error("nothing ever arrived")
	}
}

// A file that has only just changed is opened when a further change must show, and not at all while it
// does not come to rest. One at rest is opened at once.
func TestSettle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	open := func(now func() time.Time) (*file, time.Duration, error) {
		f, err := os.Open(path)
		check(t, err)
		t.Cleanup(func() { f.Close() })
		start := time.Now()
		opened, err := settle(f, now)
		return opened, time.Since(start), err
	}
	check(t, os.WriteFile(path, []byte("x"), 0o644))
	f, took, err := open(time.Now)
	if err != nil || took < tick {
		t.Errorf("a fresh file was opened after %v, %v", took, err)
	}
	if err := f.Unchanged(); err != nil {
		t.Errorf("Unchanged = %v", err)
	}
	future := func() time.Time { return time.Now().Add(-time.Hour) }
	if _, took, err := open(future); err != nil || took < tick {
		t.Errorf("a file from the future was opened after %v, %v", took, err)
	}

	later := func() time.Time { return time.Now().Add(time.Hour) }
	fastest := time.Hour
	for range 20 {
		_, took, err := open(later)
		check(t, err)
		fastest = min(fastest, took)
	}
	if fastest >= tick {
		t.Errorf("a file at rest was opened after %v", fastest)
	}

	stop, done, writing := make(chan struct{}), make(chan struct{}), make(chan struct{}, 1)
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				os.WriteFile(path, []byte(fmt.Sprint(i)), 0o644)
			}
			select {
			case writing <- struct{}{}:
			default:
			}
		}
	}()
	<-writing
	if _, took, err := open(time.Now); err != transfer.ErrChanged || took > time.Second {
		t.Errorf("a file that is being written: %v after %v", err, took)
	}
	close(stop)
	<-done
}

// changing changes a file when it is first read at or behind an offset.
type changing struct {
	transfer.Source
	at     int64
	change func() error
	err    error
}

func (c *changing) Open(share, path string) (transfer.File, error) {
	f, err := c.Source.Open(share, path)
	if err != nil {
		return nil, err
	}
	return &changingFile{f, c}, nil
}

type changingFile struct {
	transfer.File
	source *changing
}

func (f *changingFile) ReadAt(p []byte, off int64) (int, error) {
	if s := f.source; s.change != nil && off+int64(len(p)) > s.at {
		s.err = s.change()
		s.change = nil
	}
	return f.File.ReadAt(p, off)
}

// serve serves source to the client that it returns.
func serve(t *testing.T, source transfer.Source) *transfer.Client {
	t.Helper()
	const patience = 10 * time.Second
	near, far := channeltest.Pair(t)
	server := &transfer.Server{Source: source, Idle: patience, Wait: patience}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(ctx, far)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return transfer.NewClient(near, patience)
}

func fetch(client *transfer.Client) ([]byte, error) {
	content, err := client.Read(context.Background(), transfer.ReadRequest{Share: "docs", Path: "f"})
	if err != nil {
		return nil, err
	}
	defer content.Close()
	var b bytes.Buffer
	_, err = content.WriteTo(&b)
	return b.Bytes(), err
}
