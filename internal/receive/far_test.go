//go:build unix

package receive

import (
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/channeltest"
	"github.com/certexch/certexch/internal/share"
	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/protocol"
)

const patience = 20 * time.Second

// far is another terminal with one share, docs, over sealed channels on TCP.
type far struct {
	t      testing.TB
	source transfer.Source
	sent   atomic.Uint64 // bytes of content

	mu       sync.Mutex
	channels []*protocol.Channel // of this side
}

// farAt serves a folder.
func farAt(t testing.TB, dir string) *far {
	t.Helper()
	td, err := certauth.ParseTrustDomain("acme.example")
	check(t, err)
	set, err := share.Open([]share.Share{{Name: "docs", Path: dir, Read: []string{"*"}}}, td, time.Now)
	check(t, err)
	t.Cleanup(func() { set.Close() })
	id, err := td.ParseIdentity("desk")
	check(t, err)
	return &far{t: t, source: set.For(id)}
}

// pool returns a source that asks it, until the test ends.
func (r *far) pool() *transfer.Pool {
	near, there := channeltest.Sessions(r.t)
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	server := &transfer.Server{Source: r.source, Idle: patience, Wait: patience, Report: func(e transfer.Event) { r.sent.Add(e.Bytes) }}
	pool := transfer.NewPool(func(context.Context) (transfer.Channel, error) {
		a, b := channeltest.Transports(r.t)
		ch, err := near.Open(a, rand.Reader)
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		r.channels = append(r.channels, ch)
		r.mu.Unlock()
		serving.Go(func() {
			if answering, err := there.Accept(b, rand.Reader); err == nil {
				_ = server.Serve(ctx, answering)
			}
		})
		return ch, nil
	}, patience)
	r.t.Cleanup(func() { pool.Close(); cancel(); r.cut(); serving.Wait() })
	return pool
}

// cut breaks every connection.
func (r *far) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ch := range r.channels {
		ch.Reset()
	}
	r.channels = nil
}

// plant makes files, by path and content; a path that ends in a slash is a folder.
func plant(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, body := range files {
		path := filepath.Join(dir, name)
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if strings.HasSuffix(name, "/") {
			check(t, os.MkdirAll(path, 0o755))
			continue
		}
		check(t, os.WriteFile(path, []byte(body), 0o644))
	}
}

// tree lists what is below a folder, as plant takes it.
func planted(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	check(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		switch {
		case err != nil || name == ".":
			return err
		case entry.IsDir():
			files[name+"/"] = ""
		case entry.Type() == fs.ModeSymlink:
			target, _ := os.Readlink(path)
			files[name] = "-> " + target
		default:
			body, err := os.ReadFile(path)
			files[name] = string(body)
			return err
		}
		return nil
	}))
	return files
}

// same checks that two folders hold the same.
func same(t testing.TB, got, want string) {
	t.Helper()
	a, b := planted(t, got), planted(t, want)
	for name, body := range b {
		if other, ok := a[name]; !ok || other != body {
			t.Errorf("%s: there %v, %d bytes and not %d", name, ok, len(other), len(body))
		}
	}
	for name := range a {
		if _, ok := b[name]; !ok {
			t.Errorf("%s should not be there", name)
		}
	}
}

// items collects what Tree reports, by path below dir.
type items map[string]Item

func (i items) report(dir string) func(Item) {
	return func(item Item) {
		name, _ := filepath.Rel(dir, item.Path)
		if _, twice := i[name]; twice {
			panic(fmt.Sprintf("%s is reported twice", name))
		}
		i[name] = item
	}
}

func getTree(t testing.TB, src TreeSource, dst Destination, opt TreeOptions) (Summary, items, error) {
	t.Helper()
	got := make(items)
	opt.Report = got.report(filepath.Join(dst.Dir, dst.Name))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s, err := Tree(ctx, src, "docs", "", transfer.Entry{Dir: true, ModTime: modTime}, dst, opt)
	return s, got, err
}

// cutting cuts every connection of a far each time that so many bytes have been read.
type cutting struct {
	transfer.Source
	far   *far
	every atomic.Uint64
	read  atomic.Uint64
}

func (c *cutting) Open(share, path string) (transfer.File, error) {
	file, err := c.Source.Open(share, path)
	return &cuttingFile{file, c}, err
}

type cuttingFile struct {
	transfer.File
	c *cutting
}

func (f *cuttingFile) ReadAt(p []byte, off int64) (int, error) {
	after := f.c.read.Add(uint64(len(p)))
	if every := f.c.every.Load(); after/every != (after-uint64(len(p)))/every {
		f.c.far.cut()
	}
	return f.File.ReadAt(p, off)
}
