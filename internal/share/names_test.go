package share

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/certexch/certexch/internal/transfer"
)

// D1: no name leads out of the share, even when the rule for names is all that was between.
func TestD1NoNameLeadsOut(t *testing.T) {
	dir := tree(t, "docs/in", "docs/sub/in", "secret")
	source := openDir(t, filepath.Join(dir, "docs"))
	for _, name := range []string{
		"..", "../secret", "sub/../../secret", dir + "/secret", "/etc/passwd", "sub//in", "./in", "in/", "sub/",
		"sub/.", "sub/..", "..\\secret", "in\x00", "\xff", strings.Repeat("n", 256), "%2e%2e/secret", "in/x",
		strings.Repeat("a/", 2048) + "x",
	} {
		if got, err := content(source, "docs", name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q) = %q, %v", name, got, err)
		}
		if _, err := source.Stat("docs", name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Stat(%q): %v", name, err)
		}
		if _, _, err := source.List("docs", name, "", 10); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("List(%q): %v", name, err)
		}
	}
}

// D2: the ways out that os.Root once had are closed in the Go that built this, without our rule.
func TestD2RootContains(t *testing.T) {
	dir := tree(t, "docs/in", "secret/key")
	check(t, os.Symlink("../secret", filepath.Join(dir, "docs/link")))
	check(t, os.Symlink("link/", filepath.Join(dir, "docs/link2")))
	root, err := os.OpenRoot(filepath.Join(dir, "docs"))
	check(t, err)
	defer root.Close()
	for _, name := range []string{"../", "../secret", "link/", "link/key", "link2/", "link2/key", "link/../secret/key", "in/../../secret/key"} {
		if f, err := root.Open(name); err == nil {
			f.Close()
			t.Errorf("Open(%q) leaves the root", name)
		}
		if _, err := root.Stat(name); err == nil {
			t.Errorf("Stat(%q) leaves the root", name)
		}
		if err := root.Chmod(name, 0o777); err == nil {
			t.Errorf("Chmod(%q) leaves the root", name)
		}
	}
}

// D3: links inside the share are followed, links that lead out are nothing, and a hard link is a file.
func TestD3SymlinkPolicy(t *testing.T) {
	dir := tree(t, "docs/in", "docs/sub/deep", "sibling/other", "secret")
	docs := filepath.Join(dir, "docs")
	for name, target := range map[string]string{
		"to-in":           "in",
		"to-sub":          "sub",
		"sub/to-in":       "../in",
		"out":             "../secret",
		"out-dir":         "../sibling",
		"out-absolute":    "/etc/passwd",
		"inside-absolute": filepath.Join(docs, "in"),
		"out-and-in":      "../docs/in",
		"dangling":        "nothing",
		"loop":            "loop",
		"loop-a":          "loop-b",
		"loop-b":          "loop-a",
		"to-root":         ".",
		"to-out":          "out",
	} {
		check(t, os.Symlink(target, filepath.Join(docs, name)))
	}
	check(t, os.Link(filepath.Join(dir, "secret"), filepath.Join(docs, "hard")))
	source := openDir(t, docs)

	want := []string{"hard", "in", "sub", "to-in", "to-sub"} // to-root leads up
	if got := names(t, source, "docs", ""); !slices.Equal(got, want) {
		t.Errorf("List = %q, want %q", got, want)
	}
	for name, want := range map[string]string{"to-in": "docs/in", "sub/to-in": "docs/in", "to-sub/deep": "docs/sub/deep", "to-root/to-sub/to-in": "docs/in", "hard": "secret"} {
		if got, err := content(source, "docs", name); err != nil || got != want {
			t.Errorf("Open(%q) = %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"out", "out-dir", "out-dir/other", "out-absolute", "inside-absolute", "out-and-in", "dangling", "loop", "loop-a", "to-out", "loop/x"} {
		if got, err := content(source, "docs", name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q) = %q, %v", name, got, err)
		}
		if _, err := source.Stat("docs", name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Stat(%q): %v", name, err)
		}
	}
}

// D4: while a directory is exchanged for a link that leads out and back, as fast as can be, what is
// read is what is in the share or nothing.
func TestD4ParentSwap(t *testing.T) {
	dir := tree(t, "docs/d/f", "secret/f")
	check(t, os.Symlink("../secret", filepath.Join(dir, "docs/link")))
	source := openDir(t, filepath.Join(dir, "docs"))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		swap := func(from, to string) {
			os.Rename(filepath.Join(dir, "docs", from), filepath.Join(dir, "docs", to))
		}
		for {
			select {
			case <-stop:
				return
			default:
			}
			swap("d", "aside")
			swap("link", "d")
			swap("d", "link")
			swap("aside", "d")
		}
	}()
	read := 0
	for range 3000 {
		got, err := content(source, "docs", "d/f")
		switch {
		case err == nil && got == "docs/d/f":
			read++
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, transfer.ErrChanged):
			t.Fatalf("read %q, %v", got, err)
		}
		if _, _, err := source.List("docs", "d", "", 10); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("List: %v", err)
		}
	}
	close(stop)
	<-done
	if read == 0 {
		t.Error("nothing was ever read: the test saw only one side of the race")
	}
}

// D16: a list has what is served and no trace of anything else.
func TestD16ListLeaksNothing(t *testing.T) {
	served := []string{".hidden", "a", "b b", "sub", "ü"}
	dir := tree(t, ".hidden", "a", "b b", "sub/", "ü",
		".certexch-ABC.partial", "back\\slash", "line\nfeed", "esc\x1b[2J", "del\x7f", "c1\u0085")
	if err := os.WriteFile(filepath.Join(dir, "latin1-\xe9"), nil, 0o644); err != nil {
		t.Logf("no such names here: %v", err)
	}
	check(t, os.WriteFile(filepath.Join(dir, "sub/.certexch-x.partial"), []byte("half"), 0o644))
	check(t, os.Mkdir(filepath.Join(dir, ".certexch-dir.partial"), 0o755))
	check(t, os.WriteFile(filepath.Join(dir, ".certexch-dir.partial/f"), nil, 0o644))
	source := openDir(t, dir)
	if got := names(t, source, "docs", ""); !slices.Equal(got, served) {
		t.Errorf("List = %q, want %q", got, served)
	}
	if got := names(t, source, "docs", "sub"); len(got) != 0 {
		t.Errorf("List of sub = %q", got)
	}
	for _, name := range []string{".certexch-ABC.partial", "sub/.certexch-x.partial", ".certexch-dir.partial/f", "line\nfeed"} {
		if _, err := source.Stat("docs", name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Stat(%q): %v", name, err)
		}
		if _, err := source.Open("docs", name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q): %v", name, err)
		}
	}
	if sub, err := source.Stat("docs", "sub"); err != nil || sub.Size != 0 {
		t.Errorf("a directory tells %+v, %v", sub, err)
	}
}

// pages lists a directory page by page, acting between two pages.
func pages(t *testing.T, source transfer.Source, limit int, between func(last string)) (names []string) {
	t.Helper()
	after := ""
	for {
		entries, more, err := source.List("docs", "", after, limit)
		check(t, err)
		if len(entries) > limit || more && len(entries) == 0 {
			t.Fatalf("a page of %d entries, limit %d, more %v", len(entries), limit, more)
		}
		for _, entry := range entries {
			names = append(names, entry.Name)
		}
		if !more {
			return names
		}
		after = names[len(names)-1]
		between(after)
	}
}

// D16, C6: a directory of any size is listed whole and in order, page by page, in memory that does not
// grow with it.
func TestD16HugeDirectory(t *testing.T) {
	dir := t.TempDir()
	var want []string
	for i := range windowNames + 2000 {
		name := fmt.Sprintf("%06d", i*7919%1_000_003)
		check(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
		want = append(want, name)
	}
	slices.Sort(want)
	source := openDir(t, dir).(*view)
	got := pages(t, source, 1000, func(string) {
		if w := source.window; w == nil || len(w.names) > windowNames {
			t.Fatal("the directory is not kept in a window")
		}
	})
	if !slices.Equal(got, want) {
		t.Errorf("%d names of %d, or out of order", len(got), len(want))
	}
	if source.window != nil {
		t.Error("the names are kept after the list")
	}
}

// A page may begin after any name, as when a message did not hold all of the page before.
func TestListAfterAnyName(t *testing.T) {
	source := openDir(t, tree(t, "b", "d", "f", "h"))
	for _, c := range []struct{ after, want string }{
		{"", "b d"}, {"a", "b d"}, {"b", "d f"}, {"c", "d f"}, {"b", "d f"}, {"f", "h"}, {"h", ""}, {"z", ""}, {"a", "b d"},
	} {
		entries, more, err := source.List("docs", "", c.after, 2)
		check(t, err)
		var got []string
		for _, entry := range entries {
			got = append(got, entry.Name)
		}
		if strings.Join(got, " ") != c.want || more != (len(got) == 2 && got[1] != "h") {
			t.Errorf("after %q: %q, more %v", c.after, got, more)
		}
	}
}

// What is kept for the next page serves that page only: not a new list, and not a place before it.
func TestWindowIsForTheNextPage(t *testing.T) {
	dir := tree(t, "b", "d", "f", "h")
	source := openDir(t, dir)
	for _, c := range []struct{ after, want string }{{"d", "f"}, {"a", "b"}, {"", "b"}, {"b", "d"}, {"", "b"}} {
		if entries, more, err := source.List("docs", "", c.after, 1); err != nil || !more || entries[0].Name != c.want {
			t.Errorf("after %q: %+v, %v, %v", c.after, entries, more, err)
		}
	}
	check(t, os.WriteFile(filepath.Join(dir, "a"), nil, 0o644))
	if entries, _, err := source.List("docs", "", "", 1); err != nil || entries[0].Name != "a" {
		t.Errorf("a new list begins with %+v, %v", entries, err)
	}
}

// C6: a directory beyond the limit is given up and not read to its end.
func TestC6TooLargeDirectory(t *testing.T) {
	source := openDir(t, tree(t, "a", "b", "c")).(*view)
	p, err := source.find("docs", "")
	check(t, err)
	if _, err := readWindow(p, "", 2); err != transfer.ErrTooLarge {
		t.Errorf("3 names, limit 2: %v", err)
	}
	if w, err := readWindow(p, "", 3); err != nil || len(w.names) != 3 {
		t.Errorf("3 names, limit 3: %v", err)
	}
}

// Every name that stays is listed once however the directory changes meanwhile, and a new list sees
// the changes.
func TestListWhileDirectoryChanges(t *testing.T) {
	dir := t.TempDir()
	for i := range 100 {
		check(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d", i)), nil, 0o644))
	}
	source := openDir(t, dir)
	got := pages(t, source, 7, func(last string) {
		check(t, os.WriteFile(filepath.Join(dir, last+"-new"), nil, 0o644))
		os.Remove(filepath.Join(dir, last))
	})
	for i := range 100 {
		if name := fmt.Sprintf("%03d", i); !slices.Contains(got, name) {
			t.Errorf("%s is missing", name)
		}
	}
	again := names(t, source, "docs", "")
	if slices.Contains(again, "006") || !slices.Contains(again, "006-new") {
		t.Error("a new list shows the old directory")
	}
}

// What is not served can fill whole windows and pages without ending a list early.
func TestListSkipsWhatIsNotServed(t *testing.T) {
	dir := tree(t, "zzz")
	for i := range 50 {
		check(t, os.Symlink("nothing", filepath.Join(dir, fmt.Sprintf("dangling-%03d", i))))
	}
	if got := pages(t, openDir(t, dir), 3, func(string) {}); !slices.Equal(got, []string{"zzz"}) {
		t.Errorf("List = %q", got)
	}
}

// D3: a link to a folder that it lies in is not listed, on whatever way one comes to it: whoever goes through
// all folders comes to an end. It can still be asked for by name.
func TestD3LinksThatLeadUp(t *testing.T) {
	dir := tree(t, "a/file", "b/file")
	for link, target := range map[string]string{"a/up": "..", "a/self": ".", "a/b": "../b", "b/a": "../a", "b/other": "../a/file"} {
		check(t, os.Symlink(target, filepath.Join(dir, link)))
	}
	source := openDir(t, dir)
	for path, want := range map[string]string{
		"": "a b", "a": "b file", "b": "a file other", "a/b": "file other", "b/a": "file",
	} {
		if got := strings.Join(names(t, source, "docs", path), " "); got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
	if _, err := source.Stat("docs", "a/up/b/file"); err != nil {
		t.Errorf("by name: %v", err)
	}
}
