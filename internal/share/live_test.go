package share

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/transfer"
)

// B12: a set that replaces another governs what is open already: nobody reads on in a share that is gone,
// that he may no longer see, or that is another directory; who still may does not notice.
func TestB12ReplacedSet(t *testing.T) {
	dir, other := tree(t, "a.txt"), tree(t, "a.txt")
	link := filepath.Join(t.TempDir(), "link")
	check(t, os.Symlink(dir, link))
	id := must(certauth.ParseIdentity("acme.example/desk"))
	shared := Share{Name: "docs", Path: dir, Read: []string{"desk"}}
	for name, c := range map[string]struct {
		next []Share
		may  bool
	}{
		"the same":          {[]Share{shared}, true},
		"by another path":   {[]Share{{Name: "docs", Path: link, Read: []string{"desk"}}}, true},
		"more readers":      {[]Share{{Name: "docs", Path: dir, Read: []string{"*"}}}, true},
		"one more share":    {[]Share{shared, {Name: "more", Path: other, Read: []string{"*"}}}, true},
		"gone":              {nil, false},
		"other readers":     {[]Share{{Name: "docs", Path: dir, Read: []string{"nas"}}}, false},
		"another directory": {[]Share{{Name: "docs", Path: other, Read: []string{"desk"}}}, false},
		"by another name":   {[]Share{{Name: "papers", Path: dir, Read: []string{"desk"}}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var live Live
			source := live.For(id)
			if len(source.Shares()) != 0 {
				t.Error("shares before there are any")
			}
			live.Replace(opened(t, shared))
			file := must(source.Open("docs", "a.txt"))
			defer file.Close()
			var b [1]byte
			must(file.ReadAt(b[:], 0))

			live.Replace(opened(t, c.next...))
			_, err := file.ReadAt(b[:], 0)
			if c.may != (err == nil) || !c.may && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("reading on: %v", err)
			}
			live.Replace(opened(t, shared)) // to come back is not to have been there
			if _, err := file.ReadAt(b[:], 0); c.may != (err == nil) || !c.may && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("reading on after all: %v", err)
			}
			live.Replace(nil)
			if _, err := file.ReadAt(b[:], 0); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("from nothing: %v", err)
			}
		})
	}
}

// B12: another directory that has come to be at the same path is another directory.
func TestB12OtherDirectoryAtThePath(t *testing.T) {
	parent := tree(t, "docs/a.txt", "next/a.txt")
	path := filepath.Join(parent, "docs")
	shared := Share{Name: "docs", Path: path, Read: []string{"*"}}
	var live Live
	live.Replace(opened(t, shared))
	defer live.Replace(nil)
	file := must(live.For(must(certauth.ParseIdentity("acme.example/desk"))).Open("docs", "a.txt"))
	defer file.Close()
	check(t, os.Rename(path, filepath.Join(parent, "former")))
	check(t, os.Rename(filepath.Join(parent, "next"), path))
	var b [1]byte
	if _, err := file.ReadAt(b[:], 0); err != nil {
		t.Errorf("before the set is replaced: %v", err)
	}
	live.Replace(opened(t, shared))
	if _, err := file.ReadAt(b[:], 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading on: %v", err)
	}
}

var _ transfer.Source = (*liveView)(nil)

// opened is a set that the Live closes.
func opened(t *testing.T, shares ...Share) *Set {
	t.Helper()
	set, err := Open(shares, domain, time.Now)
	check(t, err)
	return set
}

// A folder that is no longer served is not held open.
func TestReplacedSetIsClosed(t *testing.T) {
	var live Live
	set := opened(t, Share{Name: "docs", Path: tree(t, "a.txt"), Read: []string{"*"}})
	live.Replace(set)
	live.Replace(nil)
	if _, err := set.shares["docs"].root.Stat("a.txt"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("it is still open: %v", err)
	}
}

// A disk that does not answer holds up nobody who asks for something else, nor what is to be served from now on.
func TestReplacedWhileTheDiskHangs(t *testing.T) {
	hangs, answers := make(chan struct{}), make(chan struct{})
	slow := Share{Name: "docs", Path: tree(t, "a.txt"), Read: []string{"*"}}
	set, err := Open([]Share{slow}, domain, func() time.Time { // it is asked for when a file is opened
		close(hangs)
		<-answers
		return time.Now().Add(time.Hour)
	})
	check(t, err)
	var live Live
	live.Replace(set)
	defer live.Replace(nil)
	source := live.For(must(certauth.ParseIdentity("acme.example/desk")))
	opening := make(chan error, 1)
	go func() {
		file, err := source.Open("docs", "a.txt")
		if err == nil {
			err = file.Close()
		}
		opening <- err
	}()
	<-hangs

	next := opened(t, Share{Name: "more", Path: tree(t, "b.txt"), Read: []string{"*"}})
	replaced := make(chan error, 1)
	go func() {
		live.Replace(next)
		_, err := source.Stat("more", "b.txt")
		if _, former := source.Stat("docs", "a.txt"); !errors.Is(former, fs.ErrNotExist) {
			t.Errorf("the former set is served: %v", former)
		}
		replaced <- err
	}()
	select {
	case err := <-replaced:
		check(t, err)
	case <-time.After(10 * time.Second):
		t.Error("who asks for something else has to wait")
	}
	close(answers)
	check(t, <-opening)
	if _, err := set.shares["docs"].root.Stat("a.txt"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("it is still open: %v", err)
	}
}
