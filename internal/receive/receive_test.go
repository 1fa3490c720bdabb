//go:build unix

package receive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/certexch/certexch/internal/transfer"
)

// traced is what this program does instead of the tests when it runs to be traced, on the systems where
// that is done.
var traced = map[string]func(dir string){}

func TestMain(m *testing.M) {
	for variable, run := range traced {
		if dir := os.Getenv(variable); dir != "" {
			run(dir)
			return
		}
	}
	goleak.VerifyTestMain(m)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var modTime = time.Date(2025, 5, 6, 7, 8, 9, 123456789, time.UTC)

// server is a Source of one file.
type server struct {
	entry    transfer.Entry
	body     []byte
	declared uint64                 // the length that the content says it has; 0 for its true one
	during   func()                 // called when all has been written
	err      error                  // what the content ends with
	reads    []transfer.ReadRequest // that were made
}

func serving(body string) *server {
	return &server{
		entry: transfer.Entry{Name: "f", Size: uint64(len(body)), ModTime: modTime, Version: [16]byte{7}},
		body:  []byte(body),
	}
}

func (s *server) Stat(context.Context, string, string) (transfer.Entry, error) { return s.entry, nil }

func (s *server) Read(_ context.Context, want transfer.ReadRequest) (*served, error) {
	s.reads = append(s.reads, want)
	if s.entry.Dir {
		return nil, transfer.ErrWrongKind
	}
	return &served{s}, nil
}

type served struct{ *server }

func (s *served) Entry() transfer.Entry { return s.entry }
func (s *served) Length() uint64 {
	if s.declared != 0 {
		return s.declared
	}
	return uint64(len(s.body))
}
func (s *served) Close() error           { return nil }
func (s *served) OnBlock(func([32]byte)) {}

// WriteTo writes in two parts, as a content does that comes in frames.
func (s *served) WriteTo(w io.Writer) (int64, error) {
	half := len(s.body) / 2
	n, err := io.Copy(w, io.MultiReader(onlyReader{bytes.NewReader(s.body[:half])}, onlyReader{bytes.NewReader(s.body[half:])}))
	if err != nil {
		return n, err
	}
	if s.during != nil {
		s.during()
	}
	return n, s.err
}

type onlyReader struct{ io.Reader }

func get(src *server, dst Destination, opt Options) (Result, error) {
	return File(context.Background(), src, "docs", "a/f", dst, opt)
}

// names are those of a directory, hidden ones too.
func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// expect checks that a directory holds exactly these files.
func expect(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for _, name := range names(t, dir) {
		if _, ok := files[name]; !ok {
			t.Errorf("%q was left behind", name)
		}
	}
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%q is %q, %v", name, got, err)
		}
	}
}

func TestFile(t *testing.T) {
	for _, body := range []string{"", "x", strings.Repeat("content", 100_000)} {
		dir := t.TempDir()
		src := serving(body)
		src.during = func() {
			partial := names(t, dir)
			if len(partial) != 1 || !transfer.IsPartial(partial[0]) {
				t.Errorf("while it is received there is %q", partial)
			}
			info, err := os.Stat(filepath.Join(dir, partial[0]))
			if err != nil || info.Mode() != 0o600 {
				t.Errorf("a partial file of mode %v, %v", info.Mode(), err)
			}
		}
		result, err := get(src, Destination{dir, "f"}, Options{})
		if err != nil || result.Bytes != uint64(len(body)) || result.Skipped || result.Entry != src.entry {
			t.Errorf("File = %+v, %v", result, err)
		}
		expect(t, dir, map[string]string{"f": body})
		if len(src.reads) != 1 || src.reads[0] != (transfer.ReadRequest{Share: "docs", Path: "a/f"}) {
			t.Errorf("asked for %+v", src.reads)
		}
	}
}

// A second run has nothing to do, and says so without asking for content.
func TestSameFileIsSkipped(t *testing.T) {
	dir := t.TempDir()
	dst := Destination{dir, "f"}
	src := serving("content")
	_, err := get(src, dst, Options{})
	check(t, err)
	for _, overwrite := range []bool{false, true} {
		result, err := get(src, dst, Options{Overwrite: overwrite})
		if err != nil || !result.Skipped || result.Bytes != 0 || result.Entry != src.entry {
			t.Errorf("File = %+v, %v", result, err)
		}
	}
	if len(src.reads) != 1 {
		t.Errorf("content was asked for %d times", len(src.reads))
	}
}

// D12: what is there stays, unless it may be replaced; then it is replaced whole, by the version that
// it was compared with.
func TestD12Overwrite(t *testing.T) {
	for name, other := range map[string]func(src *server){
		"another size": func(src *server) { src.body, src.entry.Size = []byte("more content"), 12 },
		"another time": func(src *server) { src.entry.ModTime = modTime.Add(time.Second) },
	} {
		dir := t.TempDir()
		dst := Destination{dir, "f"}
		_, err := get(serving("content"), dst, Options{})
		check(t, err)
		src := serving("CONTENT")
		other(src)

		var exists *ExistsError
		if _, err := get(src, dst, Options{}); !errors.As(err, &exists) || exists.Path != filepath.Join(dir, "f") {
			t.Errorf("%s: %v", name, err)
		}
		if len(src.reads) != 0 {
			t.Errorf("%s: content was asked for", name)
		}
		expect(t, dir, map[string]string{"f": "content"})

		if result, err := get(src, dst, Options{Overwrite: true}); err != nil || result.Skipped {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
		if len(src.reads) != 1 || *src.reads[0].IfVersion != src.entry.Version {
			t.Errorf("%s: asked for %+v", name, src.reads)
		}
		expect(t, dir, map[string]string{"f": string(src.body)})
	}
}

// D12: the time and the execute bit are taken over; mode, set-user-ID and the rest are not, and the
// umask holds.
func TestD12Attributes(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	for _, c := range []struct {
		umask      int
		executable bool
		want       fs.FileMode
	}{
		{0o022, false, 0o644}, {0o022, true, 0o755}, {0o077, false, 0o600}, {0o077, true, 0o700}, {0o002, true, 0o775}, {0, false, 0o666}, {0o133, true, 0o644},
	} {
		syscall.Umask(c.umask)
		dir := t.TempDir()
		check(t, os.Chmod(dir, 0o755|os.ModeSetgid))
		src := serving("content")
		src.entry.Executable = c.executable
		src.entry.ModTime = time.Now().AddDate(50, 0, 0) // a future time is only a time
		_, err := get(src, Destination{dir, "f"}, Options{})
		check(t, err)
		info, err := os.Stat(filepath.Join(dir, "f"))
		if err != nil || info.Mode() != c.want || !info.ModTime().Equal(src.entry.ModTime) {
			t.Errorf("umask %o, executable %v: mode %v, time %v, %v", c.umask, c.executable, info.Mode(), info.ModTime(), err)
		}
	}
}

// D12: a file that takes the place of another does not take its rights.
func TestD12OverwriteDropsOldMode(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "f"), []byte("old"), 0o777))
	check(t, os.Chmod(filepath.Join(dir, "f"), 0o777|os.ModeSetuid))
	_, err := get(serving("content"), Destination{dir, "f"}, Options{Overwrite: true})
	check(t, err)
	if info, err := os.Stat(filepath.Join(dir, "f")); err != nil || info.Mode()&(0o111|os.ModeSetuid) != 0 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// D5: a link at the destination is not followed, be it there before or put there while content comes.
func TestD5FinalComponentIsALink(t *testing.T) {
	for _, early := range []bool{true, false} {
		for _, overwrite := range []bool{false, true} {
			t.Run(fmt.Sprintf("early=%v/overwrite=%v", early, overwrite), func(t *testing.T) {
				outside, dir := t.TempDir(), t.TempDir()
				target := filepath.Join(outside, "target")
				check(t, os.WriteFile(target, []byte("precious"), 0o640))
				link := func() { check(t, os.Symlink(target, filepath.Join(dir, "f"))) }
				src := serving("content")
				if early {
					link()
				} else {
					src.during = link
				}
				_, err := get(src, Destination{dir, "f"}, Options{Overwrite: overwrite})
				var exists *ExistsError
				if overwrite && err != nil || !overwrite && !errors.As(err, &exists) {
					t.Errorf("%v", err)
				}
				if info, err := os.Lstat(filepath.Join(dir, "f")); err != nil || info.Mode().IsRegular() != overwrite {
					t.Errorf("the destination is %v, %v", info.Mode(), err)
				}
				expect(t, outside, map[string]string{"target": "precious"})
				if info, _ := os.Stat(target); info.Mode() != 0o640 {
					t.Errorf("the target has mode %v", info.Mode())
				}
				if n := len(names(t, dir)); n != 1 {
					t.Errorf("%q", names(t, dir))
				}
			})
		}
	}
}

// D5: a file that somebody else makes while content comes is not replaced unasked.
func TestD5FileAppearsMeanwhile(t *testing.T) {
	dir := t.TempDir()
	src := serving("content")
	src.during = func() { check(t, os.WriteFile(filepath.Join(dir, "f"), []byte("theirs"), 0o644)) }
	var exists *ExistsError
	if _, err := get(src, Destination{dir, "f"}, Options{}); !errors.As(err, &exists) {
		t.Errorf("%v", err)
	}
	expect(t, dir, map[string]string{"f": "theirs"})
}

// D5: a file that somebody makes after the last look is not replaced either: giving the name is the look.
func TestD5FileAppearsAtTheLastMoment(t *testing.T) {
	dir := t.TempDir()
	f, err := openFolder(Destination{dir, "f"})
	check(t, err)
	defer f.root.Close()
	for _, there := range []string{"f", "link", "folder"} {
		p, err := newPartial(f, newPartialName())
		check(t, err)
		switch there {
		case "f":
			check(t, os.WriteFile(filepath.Join(dir, "f"), []byte("theirs"), 0o644))
		case "link":
			check(t, os.Symlink("nowhere", filepath.Join(dir, "link")))
		case "folder":
			check(t, os.Mkdir(filepath.Join(dir, "folder"), 0o755))
		}
		if err := p.place(there); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", there, err)
		}
		p.discard()
	}
	if got := planted(t, dir); len(got) != 3 || got["f"] != "theirs" || got["link"] != "-> nowhere" {
		t.Errorf("there is %q", got)
	}
}

// A file that two receive at once is received by both: the later one finds it there, and that it is the
// same.
func TestSameFileAppearsMeanwhile(t *testing.T) {
	dir := t.TempDir()
	dst := Destination{dir, "f"}
	src := serving("content")
	src.during = func() {
		src.during = nil
		result, err := get(serving("content"), dst, Options{})
		if err != nil || result.Skipped {
			t.Errorf("the first: %+v, %v", result, err)
		}
	}
	if result, err := get(src, dst, Options{}); err != nil || !result.Skipped || result.Entry != src.entry {
		t.Errorf("the second: %+v, %v", result, err)
	}
	expect(t, dir, map[string]string{"f": "content"})
}

// D5, D4: the directory stays the one that was opened, whatever its path comes to be.
func TestD4DirectorySwappedMeanwhile(t *testing.T) {
	parent, outside := t.TempDir(), t.TempDir()
	dir := filepath.Join(parent, "dir")
	check(t, os.Mkdir(dir, 0o755))
	src := serving("content")
	src.during = func() {
		check(t, os.Rename(dir, filepath.Join(parent, "moved")))
		check(t, os.Symlink(outside, dir))
	}
	_, err := get(src, Destination{dir, "f"}, Options{})
	check(t, err)
	expect(t, outside, map[string]string{})
	expect(t, filepath.Join(parent, "moved"), map[string]string{"f": "content"})
}

// What is no file is not replaced, whatever the options say.
func TestNotReplaceable(t *testing.T) {
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, "folder"), 0o755))
	check(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644))
	for _, name := range []string{"folder", "pipe"} {
		for _, overwrite := range []bool{false, true} {
			if _, err := get(serving("content"), Destination{dir, name}, Options{Overwrite: overwrite}); !errors.Is(err, ErrNotReplaceable) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if got := names(t, dir); !slices.Equal(got, []string{"folder", "pipe"}) {
		t.Errorf("%q", got)
	}
}

// D1: the destination is one name in its directory and nothing else.
func TestD1DestinationName(t *testing.T) {
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
	for _, name := range []string{
		"", ".", "..", "../f", "/f", "sub/f", "sub/", "sub\\f", "f\x00", "f\n", "\x1b[2J", "\xff", strings.Repeat("n", 256),
		".certexch-ABC.partial", filepath.Join(dir, "f"),
	} {
		src := serving("content")
		var bad *transfer.NameError
		if _, err := get(src, Destination{dir, name}, Options{Overwrite: true}); !errors.As(err, &bad) {
			t.Errorf("%q: %v", name, err)
		}
		if len(src.reads) != 0 {
			t.Errorf("%q was asked for", name)
		}
	}
	if got := names(t, dir); !slices.Equal(got, []string{"sub"}) {
		t.Errorf("%q", got)
	}
}

// D9, F3: content that ends in an error, of whatever kind, leaves nothing, and what was there before
// is there after.
func TestD9FailureLeavesNothing(t *testing.T) {
	for _, failure := range []error{transfer.ErrChanged, transfer.ErrViolation, io.ErrUnexpectedEOF, context.Canceled, syscall.EIO} {
		for _, before := range []map[string]string{{}, {"f": "old"}} {
			dir := t.TempDir()
			for name, body := range before {
				check(t, os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644))
			}
			src := serving("content")
			src.err = failure
			if _, err := get(src, Destination{dir, "f"}, Options{Overwrite: true}); !errors.Is(err, failure) {
				t.Errorf("%v became %v", failure, err)
			}
			expect(t, dir, before)
		}
	}
	dir := t.TempDir()
	src := serving("")
	src.entry.Dir = true
	if _, err := get(src, Destination{dir, "f"}, Options{}); !errors.Is(err, transfer.ErrWrongKind) {
		t.Errorf("a directory: %v", err)
	}
	expect(t, dir, map[string]string{})

	check(t, os.WriteFile(filepath.Join(dir, "f"), []byte("old"), 0o644)) // then it is asked for first
	for path, named := range map[string]string{"": "docs", "a": "docs/a"} {
		var status *transfer.StatusError
		_, err := File(context.Background(), src, "docs", path, Destination{dir, "f"}, Options{Overwrite: true})
		if !errors.As(err, &status) || status.Status != transfer.StatusWrongKind || status.Path != named {
			t.Errorf("%q, where a file is: %v", path, err)
		}
	}
}

// A context that is done before the file has its name leaves nothing.
func TestCancelAfterContent(t *testing.T) {
	errStop := errors.New("stopped by the user")
	ctx, cancel := context.WithCancelCause(context.Background())
	dir := t.TempDir()
	src := serving("content")
	src.during = func() { cancel(errStop) }
	if _, err := File(ctx, src, "docs", "f", Destination{dir, "f"}, Options{}); err != errStop {
		t.Errorf("%v", err)
	}
	expect(t, dir, map[string]string{})
}

func TestProgress(t *testing.T) {
	body := strings.Repeat("content", 300_000)
	var reports [][2]uint64
	began := time.Now()
	_, err := get(serving(body), Destination{t.TempDir(), "f"}, Options{Progress: func(received, total uint64) {
		reports = append(reports, [2]uint64{received, total})
	}})
	check(t, err)
	most := int(time.Since(began)/progressEvery) + 2
	if len(reports) == 0 || len(reports) > most {
		t.Errorf("%d reports, at most %d were due", len(reports), most)
	}
	if last := reports[len(reports)-1]; last != [2]uint64{uint64(len(body)), uint64(len(body))} {
		t.Errorf("the last report is %v", last)
	}
	if !slices.IsSortedFunc(reports, func(a, b [2]uint64) int { return int(a[0]) - int(b[0]) }) {
		t.Errorf("progress goes back: %v", reports)
	}
}

func TestMissingFolder(t *testing.T) {
	src := serving("content")
	if _, err := get(src, Destination{filepath.Join(t.TempDir(), "none"), "f"}, Options{}); !errors.Is(err, fs.ErrNotExist) || len(src.reads) > 0 {
		t.Errorf("%v, asked %d times", err, len(src.reads))
	}
}
