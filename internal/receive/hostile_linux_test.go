package receive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/transfer"
)

// listing is a source of files without content, as a far end may invent them: it lists what it likes.
type listing struct {
	list func(path string) []transfer.Entry
}

// ReadAhead is asked for nothing.
func (l listing) ReadAhead(_ context.Context, next func(bool) (transfer.ReadRequest, bool), _ func(*transfer.Content, error) error) error {
	if want, ok := next(true); ok {
		return fmt.Errorf("asked for %+v", want)
	}
	return nil
}

func (l listing) List(_ context.Context, _, path string) ([]transfer.Entry, error) {
	return l.list(path), nil
}

// D4: while folders of the destination become links to elsewhere and back, at full speed, nothing elsewhere is
// made, changed or removed. CERTEXCH_LONG=1 does it for a minute.
func TestD4FoldersSwappedMeanwhile(t *testing.T) {
	from, to, outside := t.TempDir(), t.TempDir(), t.TempDir()
	files := make(map[string]string)
	for i := range 300 {
		files[fmt.Sprintf("%d/%d/f", i%5, i%20)] = "content"
		files[fmt.Sprintf("%d/%d/g%d", i%5, i%20, i)] = strings.Repeat("x", i)
	}
	plant(t, from, files)
	canaries := map[string]string{}
	for i := range 20 {
		canaries[fmt.Sprintf("%d/f", i)] = "precious"
		canaries[fmt.Sprintf("%d/.certexch-OLD.partial", i)] = "precious"
	}
	plant(t, outside, canaries)
	old := time.Now().Add(-2 * staleAfter)
	for name := range canaries {
		check(t, os.Chtimes(filepath.Join(outside, name), old, old))
	}
	before := describe(t, outside)

	ctx, cancel := context.WithCancel(context.Background())
	var swapping sync.WaitGroup
	swaps := 0
	swapping.Go(func() {
		for ; ctx.Err() == nil; swaps++ {
			name := filepath.Join(to, "new", fmt.Sprint(swaps%5))
			if swaps%3 == 0 {
				name = filepath.Join(name, fmt.Sprint(swaps%20))
			}
			if os.Rename(name, name+".away") == nil {
				_ = os.Symlink(outside, name)
				runtime.Gosched()
				_ = os.Remove(name)
				_ = os.Rename(name+".away", name)
			}
		}
	})
	r := farAt(t, from)
	pool := r.pool()
	lasting := time.Second
	if long {
		lasting = time.Minute
	}
	received := uint64(0)
	for end := time.Now().Add(lasting); time.Now().Before(end); {
		s, err := Tree(ctx, pool, "docs", "", transfer.Entry{Dir: true}, Destination{to, "new"}, TreeOptions{Overwrite: true})
		check(t, err)
		received += s.Files
		_ = os.RemoveAll(filepath.Join(to, "new", fmt.Sprint(received%5))) // as far as it holds still
	}
	cancel()
	swapping.Wait()
	if after := describe(t, outside); after != before {
		t.Errorf("elsewhere was\n%s\nand is\n%s", before, after)
	}
	if received == 0 || swaps == 0 {
		t.Errorf("%d files, %d swaps", received, swaps)
	}
	t.Logf("%d files received, %d swaps", received, swaps)
}

// describe says of everything below a folder what it is, down to the inode and the times.
func describe(t testing.TB, dir string) string {
	t.Helper()
	var all strings.Builder
	for name := range planted(t, dir) {
		info, err := os.Lstat(filepath.Join(dir, name))
		check(t, err)
		stat := info.Sys().(*syscall.Stat_t)
		fmt.Fprintln(&all, name, info.Mode(), info.Size(), info.ModTime(), stat.Ino, stat.Nlink)
	}
	lines := strings.Split(all.String(), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// D10: a tree that is too deep is refused where it becomes so, in words; what is above arrives. A cycle of
// folders that never ends is such a tree.
func TestD10Deep(t *testing.T) {
	to := t.TempDir()
	endless := listing{list: func(path string) []transfer.Entry {
		return []transfer.Entry{{Name: "d", Dir: true}}
	}}
	s, err := Tree(context.Background(), endless, "docs", "", transfer.Entry{Dir: true}, Destination{to, "new"}, TreeOptions{})
	if err != nil || s.Failed != 1 || !errors.Is(s.First, ErrTooDeep) {
		t.Errorf("%+v, %v", s, err)
	}
	depth := 0
	for at := filepath.Join(to, "new"); ; depth++ {
		if at = filepath.Join(at, "d"); func() bool { _, err := os.Stat(at); return err != nil }() {
			break
		}
	}
	if depth != maxDepth {
		t.Errorf("%d folders in each other", depth)
	}
}

// D10: a tree of more files than a tree may have is refused in words, without having been held in memory.
func TestD10TooMany(t *testing.T) {
	w := walk{items: maxItems - 5}
	if err := w.count(5); err != nil {
		t.Error(err)
	}
	if err := w.count(1); !errors.Is(err, ErrTooMany) {
		t.Error(err)
	}
	if !long {
		return // the rest takes a minute
	}
	page := make([]transfer.Entry, 100_000)
	for i := range page {
		page[i] = transfer.Entry{Name: fmt.Sprintf("d%05d", i), Size: 1}
	}
	n := 0
	endless := listing{list: func(path string) []transfer.Entry {
		n++
		entries := slices.Clone(page[:99_999])
		return append(entries, transfer.Entry{Name: fmt.Sprintf("n%d", n), Dir: true})
	}}
	to := t.TempDir()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := Tree(context.Background(), endless, "docs", "", transfer.Entry{Dir: true}, Destination{to, "new"}, TreeOptions{DryRun: true})
	if !errors.Is(err, ErrTooMany) || s.Files > maxItems {
		t.Errorf("%+v, %v", s, err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("%d MiB are held", grown>>20)
	}
	expect(t, to, map[string]string{})
}

// heap returns how many bytes are held.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// D10: folders that wait to be listed take what their names take, however deep they lie: a path of 3,600 bytes is
// not held for each.
func TestD10FoldersThatWait(t *testing.T) {
	if testing.Short() {
		t.Skip("lists a million folders: run it without -short")
	}
	const depth, wide = 14, 50_000
	before, held := heap(), int64(0)
	var once sync.Once
	deep := listing{list: func(path string) (entries []transfer.Entry) {
		switch strings.Count(path+"/", "/") {
		case depth:
			for i := range wide {
				entries = append(entries, transfer.Entry{Name: fmt.Sprintf("%05d", i), Dir: true})
			}
		case depth + 1:
			once.Do(func() { held = heap() - before })
		default:
			entries = []transfer.Entry{{Name: strings.Repeat("n", 255), Dir: true}}
		}
		return entries
	}}
	s, err := Tree(context.Background(), deep, "docs", "top", transfer.Entry{Dir: true}, Destination{t.TempDir(), "new"}, TreeOptions{DryRun: true})
	if err != nil || s.Failed != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if held == 0 || held > wide*200 {
		t.Errorf("%d folders that wait take %d KiB", wide, held>>10)
	}
}

// D10: folders with more in them than anybody could remember are refused in words.
func TestD10TooManyWait(t *testing.T) {
	if testing.Short() {
		t.Skip("lists a million folders: run it without -short")
	}
	lists := 0
	wide := listing{list: func(string) (entries []transfer.Entry) {
		lists++
		for i := range 50_000 {
			entries = append(entries, transfer.Entry{Name: fmt.Sprintf("%0255d", i), Dir: true})
		}
		return entries
	}}
	s, err := Tree(context.Background(), oneByOne(wide), "docs", "", transfer.Entry{Dir: true}, Destination{t.TempDir(), "new"}, TreeOptions{DryRun: true})
	if !errors.Is(err, ErrTooMany) || lists < 4 || lists > maxWaiting/50_000/255+listers {
		t.Errorf("%+v, %v after %d lists", s, err, lists)
	}
}

// D10: what a tree declares is refused when it finds no room, before any of that folder is asked for.
func TestD10TreeDeclaresMore(t *testing.T) {
	to := t.TempDir()
	for _, sizes := range [][]uint64{{1 << 60}, {1<<63 - 1, 1<<63 - 1, 1<<63 - 1}} {
		lying := listing{list: func(string) (entries []transfer.Entry) {
			for i, size := range sizes {
				entries = append(entries, transfer.Entry{Name: fmt.Sprint(i), Size: size})
			}
			return entries
		}}
		for _, dry := range []bool{true, false} {
			s, err := Tree(context.Background(), lying, "docs", "", transfer.Entry{Dir: true}, Destination{to, "new"}, TreeOptions{DryRun: dry})
			if !errors.Is(err, ErrNoSpace) || !dry && s.Files != 0 {
				t.Errorf("%+v, %v", s, err)
			}
		}
	}
}

// understating lists every file as one of a byte, and gives one of them out as of 1 EiB.
type understating struct {
	transfer.Source
	huge string
}

func (u *understating) List(share, path, after string, limit int) ([]transfer.Entry, bool, error) {
	entries, more, err := u.Source.List(share, path, after, limit)
	for i := range entries {
		entries[i].Size = min(entries[i].Size, 1)
	}
	return entries, more, err
}

func (u *understating) Open(share, path string) (transfer.File, error) {
	file, err := u.Source.Open(share, path)
	if err == nil && path == u.huge {
		return hugeFile{file}, nil
	}
	return file, err
}

type hugeFile struct{ transfer.File }

func (h hugeFile) Entry() transfer.Entry {
	entry := h.File.Entry()
	entry.Size = 1 << 60
	return entry
}

func (h hugeFile) ReadAt(p []byte, _ int64) (int, error) { return len(p), nil }

// D10: a file that turns out larger than it was listed as, and finds no room, is refused alone, before the disk
// is full; one that does find room arrives.
func TestD10LargerThanListed(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	if err := syscall.Mount("tmpfs", to, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("no disk to fill: %v", err)
	}
	defer syscall.Unmount(to, 0)
	files := map[string]string{"huge": ""}
	for i := range 50 {
		files[fmt.Sprintf("%d", i)] = strings.Repeat("x", 50_000)
	}
	plant(t, from, files)
	r := farAt(t, from)
	r.source = &understating{r.source, "huge"}
	s, got, err := getTree(t, r.pool(), Destination{to, "new"}, TreeOptions{})
	if err != nil || s.Files != 50 || s.Failed != 1 || !errors.Is(got["huge"].Err, ErrNoSpace) {
		t.Errorf("%+v, %+v, %v", s, got["huge"], err)
	}
	for name, body := range planted(t, filepath.Join(to, "new")) {
		if want, ok := files[name]; (!ok || body != want) && name != markName {
			t.Errorf("%s: %d bytes", name, len(body))
		}
	}
}

// D10, D16: a folder of many names arrives, and so do folders in each other, a hundred deep.
func TestD10Many(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	n := 5_000
	if long {
		n = 100_000
	}
	check(t, os.Mkdir(filepath.Join(from, "many"), 0o755))
	for i := range n {
		check(t, os.WriteFile(filepath.Join(from, "many", fmt.Sprintf("%06d", i)), nil, 0o644))
	}
	plant(t, from, map[string]string{strings.Repeat("d/", 100) + "f": "deep"})
	s, _, err := getTree(t, farAt(t, from).pool(), Destination{to, "new"}, TreeOptions{})
	if err != nil || s.Files != uint64(n+1) || s.Failed != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if got := len(names(t, filepath.Join(to, "new/many"))); got != n {
		t.Errorf("%d names", got)
	}
}

// A far end that lists what is no name, or one of ours, gets nothing of it made.
func TestD1TreeOfBadNames(t *testing.T) {
	to := t.TempDir()
	bad := []string{"..", "a/b", "../x", ".certexch-X.partial", ".certexch-MODE.partial", "", "."}
	lying := listing{list: func(path string) (entries []transfer.Entry) {
		if path != "" {
			t.Errorf("%q is listed", path)
		}
		for _, name := range bad {
			entries = append(entries, transfer.Entry{Name: name, Size: 1}, transfer.Entry{Name: name, Dir: true})
		}
		return entries
	}}
	s, err := Tree(context.Background(), lying, "docs", "", transfer.Entry{Dir: true}, Destination{to, "new"}, TreeOptions{})
	if s.Files != 0 || s.Failed != uint64(2*len(bad)) {
		t.Errorf("%+v, %v", s, err)
	}
	left := planted(t, to)
	if delete(left, "new/"+markName); len(left) != 1 {
		t.Errorf("there is %q", left)
	}
}

// oneByOne lets one list be made at a time.
func oneByOne(l listing) listing {
	var mu sync.Mutex
	return listing{list: func(path string) []transfer.Entry {
		mu.Lock()
		defer mu.Unlock()
		return l.list(path)
	}}
}
