//go:build unix

package receive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/certexch/certexch/internal/transfer"
)

const block = transfer.BlockSize

// errCable is the loss of a connection.
var errCable = errors.New("somebody pulled the cable")

// remote is a Source of one file, whose connection can break.
type remote struct {
	body    []byte
	version byte
	cut     int // bytes of each content after which the connection breaks; 0: never
	sent    int
	asked   []transfer.ReadRequest
	during  func() // called when half of a content has been written
}

func (r *remote) entry() transfer.Entry {
	return transfer.Entry{Name: "f", Size: uint64(len(r.body)), ModTime: modTime, Version: [16]byte{r.version}}
}

func (r *remote) Stat(context.Context, string, string) (transfer.Entry, error) { return r.entry(), nil }

func (r *remote) Read(ctx context.Context, want transfer.ReadRequest) (*onTheWay, error) {
	r.asked = append(r.asked, want)
	if want.IfVersion != nil && *want.IfVersion != r.entry().Version {
		return nil, &transfer.StatusError{Status: transfer.StatusChanged}
	}
	if want.Offset > uint64(len(r.body)) {
		return nil, &transfer.StatusError{Status: transfer.StatusBadRange}
	}
	return &onTheWay{remote: r, rest: r.body[want.Offset:], told: func([32]byte) {}}, nil
}

type onTheWay struct {
	*remote
	rest []byte
	told func([32]byte)
}

func (c *onTheWay) Entry() transfer.Entry       { return c.entry() }
func (c *onTheWay) Length() uint64              { return uint64(len(c.rest)) }
func (c *onTheWay) OnBlock(told func([32]byte)) { c.told = told }
func (c *onTheWay) Close() error                { return nil }
func (c *onTheWay) WriteTo(w io.Writer) (n int64, err error) {
	for rest := c.rest; len(rest) > 0; {
		frame := rest[:min(len(rest), 65504)]
		if c.cut > 0 && int(n)+len(frame) > c.cut {
			return n, errCable
		}
		if _, err := w.Write(frame); err != nil {
			return n, err
		}
		before := int(n) / block
		n += int64(len(frame))
		c.sent += len(frame)
		if after := int(n) / block; after > before {
			c.told(transfer.BlockHash(c.rest[before*block : after*block]))
		}
		rest = rest[len(frame):]
		if c.during != nil && len(rest) < len(c.rest)/2 {
			c.during()
			c.during = nil
		}
	}
	return n, nil
}

// noise returns n bytes that no two blocks have in common.
func noise(n int) []byte {
	p := make([]byte, n)
	chacha := rand.NewChaCha8([32]byte{byte(n)})
	_, _ = chacha.Read(p)
	return p
}

func fetchFrom(src *remote, dir string) (Result, error) {
	return File(context.Background(), src, "docs", "a/f", Destination{dir, "f"}, Options{Terminal: "nas", Overwrite: true})
}

// F5: after a connection has broken, the next run asks for what is missing, of the same version, from the last
// whole block on; and leaves nothing but the file.
func TestF5Resume(t *testing.T) {
	dir := t.TempDir()
	src := &remote{body: noise(5*block + 1000), cut: 3*block + block/2}
	if _, err := fetchFrom(src, dir); !errors.Is(err, errCable) {
		t.Fatal(err)
	}
	if left := names(t, dir); len(left) != 2 || !transfer.IsPartial(left[0]) || !transfer.IsPartial(left[1]) {
		t.Errorf("left %q", left)
	}
	for _, name := range names(t, dir) {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	src.cut = 0
	result, err := fetchFrom(src, dir)
	if err != nil || result.Resumed != 3*block || result.Bytes != uint64(len(src.body))-3*block {
		t.Errorf("%+v, %v", result, err)
	}
	if want := src.asked[1]; want.Offset != 3*block || want.IfVersion == nil || *want.IfVersion != src.entry().Version {
		t.Errorf("asked for %+v", want)
	}
	expect(t, dir, map[string]string{"f": string(src.body)})
}

// What has been received is gone on with only for the same file of the same terminal, of the same version and
// size, to the same name; and of content that lied nothing is kept.
func TestResumeOnlyTheSame(t *testing.T) {
	body := noise(3 * block)
	for name, other := range map[string]func(src *remote, o *origin){
		"version":  func(src *remote, _ *origin) { src.version++ },
		"size":     func(src *remote, _ *origin) { src.body = noise(4 * block) },
		"smaller":  func(src *remote, _ *origin) { src.body = noise(block) },
		"terminal": func(_ *remote, o *origin) { o.terminal = "lamp" },
		"share":    func(_ *remote, o *origin) { o.share = "other" },
		"path":     func(_ *remote, o *origin) { o.path = "a/g" },
		"name":     func(_ *remote, o *origin) { o.name = "g" },
		// The parts are not one text: what is moved between them is another file.
		"border": func(_ *remote, o *origin) { o.share, o.path = "docs/a", "f" },
	} {
		dir := t.TempDir()
		src := &remote{body: body, cut: 2*block + 1000}
		_, err := fetchFrom(src, dir)
		if !errors.Is(err, errCable) {
			t.Fatal(err)
		}
		src.cut = 0
		o := origin{"nas", "docs", "a/f", "f"}
		other(src, &o)
		result, err := File(context.Background(), src, o.share, o.path, Destination{dir, o.name}, Options{Terminal: o.terminal})
		if err != nil || result.Resumed != 0 || src.asked[1].Offset != 0 {
			t.Errorf("another %s: %+v, %v", name, result, err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, o.name)); err != nil || !bytes.Equal(got, src.body) {
			t.Errorf("another %s: %d bytes, %v", name, len(got), err)
		}
	}
}

// A run at any time, with the connection cut anywhere, the file changed in between and the disk having
// forgotten or spoilt what was on it, ends with the file as it is there, or with an error and without the file.
func TestResumeModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		check(t, err)
		sizes := rapid.SampledFrom([]int{3*block + 7, 3 * block, 2 * block, 2*block + 1, block + 1, block, block - 1, 0})
		src := &remote{body: noise(sizes.Draw(rt, "size"))}
		hidden := filepath.Join(dir, origin{"nas", "docs", "a/f", "f"}.hidden())
		place := func() int {
			return rapid.IntRange(0, 3).Draw(rt, "block")*block + rapid.IntRange(0, block-1).Draw(rt, "byte")
		}
		best := 0 // whole blocks received in a row, of this version and with nothing done to them
		runs := rapid.IntRange(2, 6).Draw(rt, "runs")
		for run := range runs {
			src.cut = min(len(src.body)-1, rapid.SampledFrom([]int{2, 1, 3, 0}).Draw(rt, "cut blocks")*block+rapid.IntRange(0, 2*65504).Draw(rt, "and bytes"))
			if src.cut <= 0 || run == runs-1 {
				src.cut = 0
			}
			before := src.sent
			result, err := fetchFrom(src, dir)
			switch got, readErr := os.ReadFile(filepath.Join(dir, "f")); {
			case err == nil && (readErr != nil || !bytes.Equal(got, src.body)):
				rt.Fatalf("%+v, and there are %d bytes, %v", result, len(got), readErr)
			case err != nil && !errors.Is(err, errCable):
				rt.Fatal(err)
			case err != nil && readErr == nil:
				rt.Fatalf("%v, and the file is there", err)
			}
			last := src.asked[len(src.asked)-1]
			if best > 0 && last.Offset != uint64(best*block) || last.Offset > uint64(len(src.body)) {
				rt.Fatalf("asked from %d on with %d blocks here", last.Offset, best)
			}
			if err == nil {
				if left := names(t, dir); len(left) != 1 {
					rt.Fatalf("left %q", left)
				}
				return
			}
			if got := int(last.Offset) + src.sent - before; len(src.body) > block {
				best = got / block
			}
			switch rapid.SampledFrom([]string{"flip", "zeros", "longer", "nothing", "changed", "flip journal", "cut", "cut journal", "no journal", "no partial"}).Draw(rt, "then") {
			case "changed":
				src.version++
				src.body = noise(sizes.Draw(rt, "new size"))
				best = 0
			case "flip":
				best = spoil(t, hidden, best, place(), false)
			case "flip journal":
				spoil(t, journalName(hidden), 0, rapid.IntRange(0, 300).Draw(rt, "at"), false)
				best = 0 // or more
			case "cut":
				best = spoil(t, hidden, best, place(), true)
			case "cut journal":
				spoil(t, journalName(hidden), 0, rapid.IntRange(0, 300).Draw(rt, "at"), true)
				best = 0
			case "no journal":
				_ = os.Remove(journalName(hidden))
				best = 0
			case "no partial":
				_ = os.Remove(hidden)
				best = 0
			case "longer":
				if body, err := os.ReadFile(hidden); err == nil {
					check(t, os.WriteFile(hidden, append(body, noise(4*block)...), 0o600))
				}
			case "zeros": // a disk that lost power
				if info, err := os.Stat(hidden); err == nil {
					check(t, os.WriteFile(hidden, make([]byte, info.Size()), 0o600))
				}
				best = 0
			}
		}
	})
}

// spoil cuts a file off at a place, or changes the byte there. It returns how many of its first blocks are
// as they were.
func spoil(t *testing.T, name string, blocks, at int, cut bool) int {
	body, err := os.ReadFile(name)
	if err != nil || at >= len(body) {
		return blocks
	}
	if cut {
		body = body[:at]
	} else {
		body[at] ^= 1
	}
	check(t, os.WriteFile(name, body, 0o600))
	return min(blocks, at/block)
}

// Two runs side by side do not get in each other's way: the later one has a partial of its own, and finds
// in the end that the file is there.
func TestResumeSideBySide(t *testing.T) {
	dir := t.TempDir()
	src := &remote{body: noise(3 * block)}
	other := &remote{body: src.body}
	src.during = func() {
		result, err := fetchFrom(other, dir)
		if err != nil || result.Skipped || result.Resumed != 0 {
			t.Errorf("the other: %+v, %v", result, err)
		}
	}
	if result, err := fetchFrom(src, dir); err != nil || result.Bytes != uint64(len(src.body)) {
		t.Errorf("%+v, %v", result, err)
	}
	expect(t, dir, map[string]string{"f": string(src.body)})
}

// Of two runs side by side that both lose the connection, one leaves what it has; the other's nobody would look for.
func TestResumeOneOfTwo(t *testing.T) {
	dir := t.TempDir()
	src := &remote{body: noise(4 * block), cut: 3*block + block/2}
	src.during = func() {
		before := len(names(t, dir))
		if _, err := fetchFrom(&remote{body: src.body, cut: 3*block + block/2}, dir); !errors.Is(err, errCable) {
			t.Error(err)
		}
		if left := names(t, dir); len(left) != before {
			t.Errorf("the second has left %q", left)
		}
	}
	if _, err := fetchFrom(src, dir); !errors.Is(err, errCable) {
		t.Error(err)
	}
	src.cut = 0
	if result, err := fetchFrom(src, dir); err != nil || result.Resumed != 3*block {
		t.Errorf("%+v, %v", result, err)
	}
	expect(t, dir, map[string]string{"f": string(src.body)})
}

// What has the name of a partial and is none of this user's own making is not used, and not followed.
func TestD5PartialIsNotOurs(t *testing.T) {
	body := noise(2*block + 5)
	hidden := origin{"nas", "docs", "a/f", "f"}.hidden()
	for name, put := range map[string]func(dir, path string) error{
		"link":           func(dir, path string) error { return os.Symlink(filepath.Join(dir, "precious"), path) },
		"hard link":      func(dir, path string) error { return os.Link(filepath.Join(dir, "precious"), path) },
		"pipe":           func(_, path string) error { return syscall.Mkfifo(path, 0o600) },
		"folder":         func(_, path string) error { return os.Mkdir(path, 0o700) },
		"open to others": func(_, path string) error { return copyOf(path, 0o666, os.Geteuid()) },
		"second name": func(dir, path string) error {
			return errors.Join(copyOf(path, 0o600, os.Geteuid()), os.Link(path, filepath.Join(dir, "another")))
		},
		"another's": func(_, path string) error { return copyOf(path, 0o600, 65534) },
	} {
		for _, which := range []string{hidden, journalName(hidden)} {
			dir := t.TempDir()
			precious := filepath.Join(dir, "precious")
			check(t, os.WriteFile(precious, []byte("precious"), 0o600))
			src := &remote{body: body, cut: block + 100_000}
			if _, err := fetchFrom(src, dir); !errors.Is(err, errCable) {
				t.Fatal(err)
			}
			path := filepath.Join(dir, which)
			check(t, os.Rename(path, path+".good"))
			if err := put(dir, path); errors.Is(err, os.ErrPermission) {
				continue // only root gives files away
			} else if err != nil {
				t.Fatal(err)
			}
			src.cut = 0
			result, err := fetchFrom(src, dir)
			if err != nil || result.Resumed != 0 {
				t.Errorf("%s for %s: %+v, %v", name, which, result, err)
			}
			if got, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || !bytes.Equal(got, body) {
				t.Errorf("%s for %s: %d bytes, %v", name, which, len(got), err)
			}
			if got, err := os.ReadFile(precious); err != nil || string(got) != "precious" {
				t.Errorf("%s for %s: %q, %v", name, which, got, err)
			}
		}
	}
}

// copyOf makes what would be good but for its mode or owner.
func copyOf(path string, mode os.FileMode, owner int) error {
	good, err := os.ReadFile(path + ".good")
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(path, good, 0o600), os.Chmod(path, mode), os.Lchown(path, owner, -1))
}

// D10: partials that nobody has gone on with for a month go when a get comes by, and second names of files at
// once; those in use, those of late, and what only looks like one stay.
func TestD10StalePartials(t *testing.T) {
	for how, get := range map[string]func(dir string) error{
		"file": func(dir string) error {
			_, err := fetchFrom(&remote{body: []byte("content")}, dir)
			return err
		},
		"tree of a file": func(dir string) error {
			from := t.TempDir()
			plant(t, from, map[string]string{"f": "content"})
			r := farAt(t, from)
			entry, err := r.source.Stat("docs", "f")
			check(t, err)
			s, err := Tree(t.Context(), r.pool(), "docs", "f", entry, Destination{dir, "f"}, TreeOptions{Terminal: "nas"})
			return errors.Join(err, s.First)
		},
	} {
		dir := t.TempDir()
		old := time.Now().Add(-staleAfter - time.Hour)
		put := func(name string, at time.Time) string {
			path := filepath.Join(dir, name)
			check(t, os.WriteFile(path, []byte("x"), 0o600))
			check(t, os.Chtimes(path, at, at))
			return path
		}
		put(".certexch-OLD.partial", old)
		put(".certexch-OLD.journal.partial", old)
		put(".certexch-NEW.partial", time.Now().Add(-staleAfter+time.Hour))
		put(".certexch-old.txt", old)
		inUse, err := os.Open(put(".certexch-USED.partial", old))
		check(t, err)
		defer inUse.Close()
		check(t, lock(inUse))
		check(t, os.Symlink(".certexch-old.txt", filepath.Join(dir, ".certexch-LINK.partial")))
		check(t, os.Link(put("mine", time.Now()), filepath.Join(dir, ".certexch-SECOND.partial")))
		beingNamed, err := os.Open(put("new", time.Now()))
		check(t, err)
		defer beingNamed.Close()
		check(t, lock(beingNamed))
		check(t, os.Link(filepath.Join(dir, "new"), filepath.Join(dir, ".certexch-THIRD.partial")))

		check(t, get(dir))
		want := []string{".certexch-LINK.partial", ".certexch-NEW.partial", ".certexch-THIRD.partial", ".certexch-USED.partial", ".certexch-old.txt", "f", "mine", "new"}
		if got := names(t, dir); !slices.Equal(got, want) {
			t.Errorf("after a %s there is %q", how, got)
		}
	}
}

// A context that is done while a part is being looked at loses nothing of it.
func TestResumeCancelled(t *testing.T) {
	dir := t.TempDir()
	src := &remote{body: noise(3 * block), cut: 2*block + 100_000}
	if _, err := fetchFrom(src, dir); !errors.Is(err, errCable) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _ = File(ctx, src, "docs", "a/f", Destination{dir, "f"}, Options{Terminal: "nas"})
	src.cut = 0
	if result, err := fetchFrom(src, dir); err != nil || result.Resumed != 2*block {
		t.Errorf("%+v, %v", result, err)
	}
}

// FuzzJournal: whatever is in a journal, only blocks that the content has are taken for received.
func FuzzJournal(f *testing.F) {
	content := noise(3*block + 5)
	begin := head(origin{"nas", "docs", "a/f", "f"}, transfer.Entry{Size: uint64(len(content))})
	journal := slices.Clone(begin)
	for i := range 3 {
		hash := transfer.BlockHash(content[i*block : (i+1)*block])
		journal = append(journal, hash[:]...)
	}
	f.Add(journal)
	f.Add(journal[:len(journal)-1])
	f.Add(journal[:len(begin)])
	f.Add(begin[:3])
	f.Add([]byte{})
	f.Add(slices.Concat(journal, journal))
	for _, at := range []int{5, len(begin), len(begin) + hashSize + 3, len(journal) - 1} {
		other := slices.Clone(journal)
		other[at] ^= 1
		f.Add(other)
	}
	f.Fuzz(func(t *testing.T, noted []byte) {
		n := holding(context.Background(), bytes.NewReader(noted), begin, bytes.NewReader(content))
		if n > 0 && !bytes.HasPrefix(noted, journal[:len(begin)+n*hashSize]) {
			t.Errorf("%d blocks are taken for received", n)
		}
		if n < 3 && bytes.HasPrefix(noted, journal) {
			t.Errorf("only %d blocks of 3 are taken for received", n)
		}
	})
}

// F5: a tree goes on with the large file that it was cut off in, and receives little twice.
func TestF5TreeResumes(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	plant(t, from, map[string]string{"large": string(noise(60 * block)), "small": strings.Repeat("s", 5000), "z/other": string(noise(9*block + 1))})
	r := farAt(t, from)
	slow := &cutting{Source: r.source, far: r}
	slow.every.Store(20 * block) // more than can be under way, so that something has always arrived
	r.source = slow
	dst := Destination{to, "new"}
	// Other runs, each cut off.
	for range 2 {
		if _, _, err := getTree(t, r.pool(), dst, TreeOptions{}); err == nil {
			t.Error("it was not cut off")
		}
	}
	// And one that goes on over another connection.
	cuts := 0
	s, _, err := getTree(t, r.pool(), dst, TreeOptions{Again: func(context.Context, error) (TreeSource, error) {
		if cuts++; cuts == 3 {
			slow.every.Store(1 << 60)
		}
		return r.pool(), nil
	}})
	ideal := uint64(69*block + 5001)
	if err != nil || s.Failed > 0 || s.Bytes == 0 || s.Bytes > ideal-block {
		t.Errorf("%+v, %v", s, err)
	}
	same(t, filepath.Join(to, "new"), from)
	if read := slow.read.Load(); read > ideal+5*16*block {
		t.Errorf("%d MiB were read for %d", read>>20, ideal>>20)
	} else {
		t.Logf("%d MiB were read for %d, over 5 cuts", read>>20, ideal>>20)
	}
}
