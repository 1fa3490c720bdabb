//go:build unix

package receive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/transfer"
)

// forest is a tree with files of every size that matters, deep, empty and wide.
func forest() map[string]string {
	files := map[string]string{
		"empty": "", "empty folder/": "", "a/b/c/d/e/deep": "deep",
		"large": strings.Repeat("large", 1<<20), "a/medium": strings.Repeat("medium", 30_000),
	}
	for i := range 500 {
		files[fmt.Sprintf("many/%03d", i)] = strings.Repeat(fmt.Sprint(i), i)
		files[fmt.Sprintf("wide/%03d/f", i/10)] = fmt.Sprint(i / 10)
	}
	return files
}

// A tree arrives as it is, with its times and execute bits; a second run has nothing to do.
func TestTree(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	from, to := t.TempDir(), t.TempDir()
	plant(t, from, forest())
	check(t, os.Chmod(filepath.Join(from, "a/medium"), 0o777))
	old := time.Date(2001, 2, 3, 4, 5, 6, 789000, time.UTC)
	for _, name := range []string{"a/medium", "many/007", "many", "empty folder"} {
		check(t, os.Chtimes(filepath.Join(from, name), old, old))
	}
	r := farAt(t, from)
	pool := r.pool()
	dst := Destination{to, "new"}
	files := uint64(0)
	for name := range planted(t, from) {
		if !strings.HasSuffix(name, "/") {
			files++
		}
	}
	var last Progress
	s, got, err := getTree(t, pool, dst, TreeOptions{Progress: func(p Progress) { last = p }})
	if err != nil || s.Files != files || s.Skipped+s.Failed != 0 || s.First != nil || uint64(len(got)) != files || s.Bytes != r.sent.Load() {
		t.Errorf("%+v, %d items, %d bytes sent, %v", s, len(got), r.sent.Load(), err)
	}
	if want := (Progress{files, files, s.Bytes, s.Bytes, true}); last != want {
		t.Errorf("progress ends with %+v, not %+v", last, want)
	}
	same(t, filepath.Join(to, "new"), from)
	for name, mode := range map[string]os.FileMode{"a/medium": 0o755, "many/007": 0o644, "many": 0o755 | os.ModeDir, "empty folder": 0o755 | os.ModeDir} {
		info, err := os.Stat(filepath.Join(to, "new", name))
		if err != nil || info.Mode() != mode || !info.ModTime().Equal(old) {
			t.Errorf("%s: %v %v, %v", name, info.Mode(), info.ModTime(), err)
		}
	}

	s, _, err = getTree(t, pool, dst, TreeOptions{})
	if err != nil || s != (Summary{Skipped: files}) {
		t.Errorf("again: %+v, %v", s, err)
	}
}

// A tree goes on after what fails, counts it, and says what was first.
func TestTreeGoesOn(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	files := map[string]string{"same": "same", "differs": "theirs", "folder": "a file there", "file/x": "a folder there", "ok": "ok", "z/ok": "ok", "link": "theirs", "into/x": "x"}
	plant(t, from, files)
	check(t, os.Mkdir(filepath.Join(from, "closed"), 0))
	plant(t, to, map[string]string{"new/same": "same", "new/differs": "mine", "new/folder/mine": "mine", "new/file": "mine", "outside/mine": "mine"})
	info, err := os.Stat(filepath.Join(from, "same"))
	check(t, err)
	check(t, os.Chtimes(filepath.Join(to, "new/same"), info.ModTime(), info.ModTime()))
	check(t, os.Symlink("../outside/mine", filepath.Join(to, "new/link")))
	check(t, os.Symlink("../outside", filepath.Join(to, "new/into")))

	pool := farAt(t, from).pool()
	for _, overwrite := range []bool{false, true} {
		before := planted(t, to)
		for _, dry := range []bool{true, false} {
			s, got, err := getTree(t, pool, Destination{to, "new"}, TreeOptions{DryRun: dry, Overwrite: overwrite})
			check(t, err)
			for name, want := range map[string]error{"folder": ErrNotReplaceable, "file": ErrNotFolder, "into": ErrNotFolder} {
				if got[name].Outcome != Failed || !errors.Is(got[name].Err, want) {
					t.Errorf("%s: %+v", name, got[name])
				}
			}
			wanted := map[bool]Outcome{true: Planned, false: Received}[dry]
			for _, name := range []string{"differs", "link"} {
				var exists *ExistsError
				if item := got[name]; overwrite && item.Outcome != wanted || !overwrite && !errors.As(item.Err, &exists) {
					t.Errorf("dry %v, overwrite %v, %s: %+v", dry, overwrite, name, item)
				}
			}
			if !overwrite && (got["ok"].Outcome != wanted || got["z/ok"].Outcome != wanted) || got["same"].Outcome != Skipped {
				t.Errorf("%+v", got)
			}
			if s.First == nil || s.Failed < 3 || s.Files+s.Skipped+s.Failed != uint64(len(got)) {
				t.Errorf("%+v of %d", s, len(got))
			}
			if dry && fmt.Sprint(planted(t, to)) != fmt.Sprint(before) {
				t.Errorf("a dry run has left %v", planted(t, to))
			}
		}
	}
	after := planted(t, to)
	for name, want := range map[string]string{"new/differs": "theirs", "new/link": "theirs", "new/ok": "ok", "new/z/ok": "ok", "new/file": "mine", "new/folder/mine": "mine", "outside/mine": "mine", "new/into": "-> ../outside"} {
		if after[name] != want {
			t.Errorf("%s is %q", name, after[name])
		}
	}
	if _, ok := after["outside/x"]; ok {
		t.Error("a link was followed")
	}
}

// What is wrong with the whole is an error: no folder to put it in, a file in its place, and a source of no
// such thing.
func TestTreeWithoutPlace(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	plant(t, from, map[string]string{"f": "f"})
	plant(t, to, map[string]string{"file": "mine"})
	pool := farAt(t, from).pool()
	var none *NoFolderError
	if _, _, err := getTree(t, pool, Destination{filepath.Join(to, "none"), "new"}, TreeOptions{}); !errors.As(err, &none) {
		t.Errorf("%v", err)
	}
	if _, _, err := getTree(t, pool, Destination{to, "file"}, TreeOptions{}); !errors.Is(err, ErrNotFolder) {
		t.Errorf("%v", err)
	}
	_, err := Tree(context.Background(), pool, "other", "", transfer.Entry{Dir: true}, Destination{to, "new"}, TreeOptions{})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	expect(t, to, map[string]string{"file": "mine"})
}

// A context that is done ends it, and leaves nothing half done.
func TestTreeCancelled(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	plant(t, from, forest())
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	n := 0
	_, err := Tree(ctx, farAt(t, from).pool(), "docs", "", transfer.Entry{Dir: true}, Destination{to, "new"}, TreeOptions{Report: func(Item) {
		if n++; n == 100 {
			cancel(cause)
		}
	}})
	if !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
	want := planted(t, from)
	for name, body := range planted(t, filepath.Join(to, "new")) {
		if want[name] != body && !transfer.IsPartial(filepath.Base(name)) {
			t.Errorf("%s is not whole", name)
		}
	}
}

// F5: a connection that breaks, as often as it likes, is followed by another; nothing is reported twice.
func TestF5TreeGoesOnOverAnotherConnection(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	plant(t, from, forest())
	r := farAt(t, from)
	r.source = &openings{Source: r.source, seen: make(map[string]bool), each: func(n int) {
		if n%200 == 0 { // more than are asked for ahead of the answers
			r.cut()
		}
	}}
	cuts := 0
	got := make(items)
	s, err := Tree(context.Background(), r.pool(), "docs", "", transfer.Entry{Dir: true}, Destination{to, "new"}, TreeOptions{
		Report: got.report(filepath.Join(to, "new")),
		Again:  func(context.Context, error) (TreeSource, error) { cuts++; return r.pool(), nil },
	})
	var bytes uint64
	for _, body := range forest() {
		bytes += uint64(len(body))
	}
	if err != nil || s.Failed != 0 || cuts < 2 || s.Bytes != bytes {
		t.Errorf("%+v after %d cuts, %v", s, cuts, err)
	}
	same(t, filepath.Join(to, "new"), from)
}

// openings tells of each file that is opened for the first time, before its content is sent.
type openings struct {
	transfer.Source
	each func(n int)

	mu   sync.Mutex
	seen map[string]bool
}

func (s *openings) Open(share, path string) (transfer.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.seen[path] {
		s.seen[path] = true
		s.each(len(s.seen))
	}
	return s.Source.Open(share, path)
}

// busy answers every request as many times that it is busy.
type busy struct {
	transfer.Source
	times int
	then  func() // called when it has answered so; optional

	mu    sync.Mutex
	asked map[string]int
}

func (b *busy) ask(what string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.asked[what]++; b.asked[what] <= b.times {
		if b.then != nil {
			b.then()
		}
		return transfer.ErrBusy
	}
	return nil
}

// counts returns what was asked for until now. What was asked for before a tree ended may still be under way.
func (b *busy) counts() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.asked)
}

func (b *busy) Open(share, path string) (transfer.File, error) {
	if err := b.ask(path); err != nil {
		return nil, err
	}
	return b.Source.Open(share, path)
}

func (b *busy) List(share, path, after string, limit int) ([]transfer.Entry, bool, error) {
	if err := b.ask(path + "/"); err != nil {
		return nil, false, err
	}
	return b.Source.List(share, path, after, limit)
}

// What a terminal was too busy for is asked for again; a tree that ends meanwhile does not wait for it.
func TestTreeOfABusyTerminal(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	plant(t, from, map[string]string{"a": "a", "b": strings.Repeat("b", 10_000), "sub/c": "c"})
	r := farAt(t, from)
	idle := r.source
	r.source = &busy{Source: idle, times: 2, asked: make(map[string]int)}
	if s, _, err := getTree(t, r.pool(), Destination{to, "new"}, TreeOptions{}); err != nil || s.Files != 3 || s.Failed != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	same(t, filepath.Join(to, "new"), from)

	enough := errors.New("enough")
	for _, first := range []string{"/", "a"} {
		ctx, cancel := context.WithCancelCause(context.Background())
		b := &busy{Source: idle, times: 1 << 30, then: func() { cancel(enough) }, asked: map[string]int{"/": 1 << 30, "sub/": 1 << 30}}
		delete(b.asked, first)
		r.source = b
		_, err := Tree(ctx, r.pool(), "docs", "", transfer.Entry{Dir: true}, Destination{to, "other"}, TreeOptions{})
		if asked := b.counts(); !errors.Is(err, enough) || asked["/"]%(1<<30) > 2 || asked["a"] > 1 {
			t.Errorf("%v after %v", err, asked)
		}
	}
}

// A terminal that is never less busy is given up, after a while that does not grow with the tree; what had come
// before of a file is not lost with that.
func TestTreeOfATerminalTooBusy(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	plant(t, from, map[string]string{"large": string(noise(40 * block))})
	r := farAt(t, from)
	idle := r.source
	slow := &cutting{Source: idle, far: r}
	slow.every.Store(20 * block)
	r.source = slow
	dst := Destination{to, "new"}
	if _, _, err := getTree(t, r.pool(), dst, TreeOptions{}); err == nil {
		t.Fatal("it was not cut off")
	}

	files, folders := make(map[string]string), 200
	for i := range 200 {
		files[fmt.Sprint(i)] = "content"
	}
	for i := range folders {
		files[fmt.Sprintf("folder%d/file", i)] = "content"
	}
	plant(t, from, files)
	b := &busy{Source: idle, times: 1 << 30, asked: map[string]int{"/": 1 << 30}}
	r.source = b
	s, _, err := getTree(t, r.pool(), dst, TreeOptions{})
	if err != nil || s.Failed != 201+uint64(folders) || !errors.Is(s.First, transfer.ErrBusy) {
		t.Errorf("%+v, %v", s, err)
	}
	asked := b.counts()
	delete(asked, "/")
	contents, lists := 0, 0
	for what, n := range asked {
		if strings.HasSuffix(what, "/") {
			lists += n
		} else {
			contents += n
		}
	}
	if most := 201 + fetchers*(maxBusy+64*2); contents > most || contents == 201 {
		t.Errorf("asked %d times for content, and at most %d were due", contents, most)
	}
	if most := folders + listers*maxBusy; lists > most || lists == folders {
		t.Errorf("asked %d times for lists, and at most %d were due", lists, most)
	}

	r.source = idle
	if s, _, err := getTree(t, r.pool(), dst, TreeOptions{}); err != nil || s.Failed > 0 || s.Bytes > 39*block {
		t.Errorf("%+v, %v", s, err)
	}
	same(t, filepath.Join(to, "new"), from)
}

// A source that always fails is given up, and so is one that has no other after it.
func TestTreeGivesUp(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	plant(t, from, forest())
	r := farAt(t, from)
	broken := func() TreeSource {
		pool := r.pool()
		pool.Close()
		return pool
	}
	if _, _, err := getTree(t, broken(), Destination{to, "new"}, TreeOptions{}); !errors.Is(err, transfer.ErrClosed) {
		t.Errorf("%v", err)
	}
	tries := 0
	again := func(context.Context, error) (TreeSource, error) { tries++; return broken(), nil }
	if _, _, err := getTree(t, broken(), Destination{to, "new"}, TreeOptions{Again: again}); !errors.Is(err, transfer.ErrClosed) || tries != maxFruitless {
		t.Errorf("%d tries, %v", tries, err)
	}
	hopeless := errors.New("hopeless")
	again = func(context.Context, error) (TreeSource, error) { return nil, hopeless }
	if _, _, err := getTree(t, broken(), Destination{to, "new"}, TreeOptions{Again: again}); !errors.Is(err, hopeless) {
		t.Errorf("%v", err)
	}
}
