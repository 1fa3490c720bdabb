package share

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/transfer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	domain = must(certauth.ParseTrustDomain("acme.example"))
	nas    = must(domain.ParseIdentity("nas"))
	desk   = must(domain.ParseIdentity("site-a/desk"))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// tree makes files with their own names as content; a name that ends in a slash is a directory.
func tree(t testing.TB, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, name)
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if strings.HasSuffix(name, "/") {
			check(t, os.MkdirAll(path, 0o755))
		} else {
			check(t, os.WriteFile(path, []byte(name), 0o644))
		}
	}
	return dir
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open serves dir as "docs" to everyone and returns what desk sees.
func openDir(t testing.TB, dir string) transfer.Source {
	t.Helper()
	return openSet(t, Share{Name: "docs", Path: dir, Read: []string{Everyone}}).For(desk)
}

func openSet(t testing.TB, shares ...Share) *Set {
	t.Helper()
	set, err := Open(shares, domain, time.Now)
	check(t, err)
	t.Cleanup(func() { check(t, set.Close()) })
	return set
}

// content is what a client would get for a name.
func content(source transfer.Source, share, path string) (string, error) {
	f, err := source.Open(share, path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, 0, int64(f.Entry().Size)))
	return string(b), errors.Join(err, f.Unchanged())
}

func names(t testing.TB, source transfer.Source, share, path string) []string {
	t.Helper()
	entries, more, err := source.List(share, path, "", 1000)
	if err != nil || more {
		t.Fatalf("List = %v, %v", more, err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name)
	}
	return names
}

func TestEntries(t *testing.T) {
	dir := tree(t, "a/run.sh", "a/q3.csv", "a/empty/")
	when := time.Date(2025, 5, 6, 7, 8, 9, 123456789, time.UTC)
	check(t, os.Chmod(filepath.Join(dir, "a/run.sh"), 0o755))
	check(t, os.Chtimes(filepath.Join(dir, "a/run.sh"), when, when))
	source := openDir(t, dir)

	run, err := source.Stat("docs", "a/run.sh")
	if err != nil || run.Name != "run.sh" || run.Dir || run.Size != 8 || !run.Executable || !run.ModTime.Equal(when) {
		t.Errorf("Stat = %+v, %v", run, err)
	}
	entries, more, err := source.List("docs", "a", "", 10)
	if err != nil || more || len(entries) != 3 || entries[2] != run {
		t.Errorf("List = %+v, %v, %v", entries, more, err)
	}
	if e := entries[0]; e.Name != "empty" || !e.Dir || e.Size != 0 || e.Executable {
		t.Errorf("a directory is %+v", e)
	}
	for _, path := range []string{"", "."} {
		if root, err := source.Stat("docs", path); err != nil || root.Name != "docs" || !root.Dir {
			t.Errorf("the share itself is %+v, %v", root, err)
		}
	}
	f, err := source.Open("docs", "a/run.sh")
	check(t, err)
	defer f.Close()
	if f.Entry() != run {
		t.Errorf("Open gives %+v, Stat gave %+v", f.Entry(), run)
	}
	if _, err := source.Open("docs", "a"); !errors.Is(err, transfer.ErrWrongKind) {
		t.Errorf("Open of a directory: %v", err)
	}
	if _, _, err := source.List("docs", "a/run.sh", "", 10); !errors.Is(err, transfer.ErrWrongKind) {
		t.Errorf("List of a file: %v", err)
	}
}

// D14: a share answers those that it does not list, in everything that can be asked, exactly as a
// share that does not exist.
func TestD14ShareIsolation(t *testing.T) {
	dir := tree(t, "f")
	set := openSet(t,
		Share{Name: "open", Path: dir, Read: []string{Everyone}},
		Share{Name: "desk", Path: dir, Read: []string{"site-a/desk"}},
		Share{Name: "both", Path: dir, Read: []string{"acme.example/nas", "spiffe://acme.example/site-a/desk"}},
		Share{Name: "closed", Path: dir},
	)
	for _, c := range []struct {
		id      certauth.Identity
		visible string
	}{
		{desk, "both desk open"},
		{nas, "both open"},
		{must(domain.ParseIdentity("site-a/desk2")), "open"},
		{must(certauth.ParseIdentity("other.example/site-a/desk")), "open"},
		{certauth.Identity{}, ""},
	} {
		source := set.For(c.id)
		if got := strings.Join(source.Shares(), " "); got != c.visible {
			t.Errorf("%v sees %q, want %q", c.id, got, c.visible)
		}
		for _, share := range []string{"open", "desk", "both", "closed", "none", "", ".", "..", "open/..", "DESK"} {
			visible := strings.Contains(" "+c.visible+" ", " "+share+" ") && share != ""
			for op, err := range ask(source, share) {
				if visible && err != nil || !visible && err != fs.ErrNotExist {
					t.Errorf("%s of %q for %v: %v", op, share, c.id, err)
				}
			}
		}
	}
}

func ask(source transfer.Source, share string) map[string]error {
	_, stat := source.Stat(share, "f")
	_, root := source.Stat(share, "")
	_, _, list := source.List(share, "", "", 10)
	f, read := source.Open(share, "f")
	if read == nil {
		f.Close()
	}
	return map[string]error{"Stat": stat, "Stat of the root": root, "List": list, "Open": read}
}

// D14: a directory with the terminal's keys in it is no share, by whatever path it is named.
func TestD14OwnDirectories(t *testing.T) {
	dir := tree(t, "data/docs/", "home/state/", "home/pub/", "homely/")
	check(t, os.Symlink(filepath.Join(dir, "home"), filepath.Join(dir, "link")))
	check(t, os.Symlink(dir, filepath.Join(dir, "data/up")))
	home := filepath.Join(dir, "home")
	for path, ok := range map[string]bool{
		"data/docs":         true,
		"data":              true, // its link up is not followed
		"homely":            true,
		"home":              false,
		"home/pub":          false,
		"home/state":        false,
		"":                  false,
		"link":              false,
		"link/pub":          false,
		"data/up":           false,
		"data/up/home/pub":  false,
		"data/../home":      false,
		"data/docs/../../.": false,
	} {
		share := Share{Name: "docs", Path: dir + "/" + path}
		for _, own := range []string{home, filepath.Join(dir, "link"), home + "/"} {
			if err := Check([]Share{share}, domain, "/nonexistent/home", own); (err == nil) != ok {
				t.Errorf("share %q beside %q: %v", path, own, err)
			}
		}
	}
	// A home that is still to be made counts too.
	later := filepath.Join(dir, "data/new/home")
	for path, ok := range map[string]bool{"data": false, "data/docs": true, "homely": true} {
		if err := Check([]Share{{Name: "docs", Path: filepath.Join(dir, path)}}, domain, later); (err == nil) != ok {
			t.Errorf("share %q beside a home to be made: %v", path, err)
		}
	}
}

// Check says everything that is wrong, not only the first of it, and Open opens none of it.
func TestCheckReportsEverything(t *testing.T) {
	dir := tree(t, "file", "good/")
	good := filepath.Join(dir, "good")
	shares := []Share{
		{Name: "good", Path: good, Read: []string{"*", "nas", "acme.example/nas"}},
		{Name: "good", Path: good},
		{Name: "a/b", Path: good},
		{Name: "relative", Path: "good"},
		{Name: "missing", Path: filepath.Join(dir, "missing")},
		{Name: "file", Path: filepath.Join(dir, "file")},
		{Name: "reader", Path: good, Read: []string{"nas,desk", "NAS"}},
	}
	err := Check(shares, domain)
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	for _, want := range []string{`"good": another share`, `"a/b"`, `"relative"`, "not absolute", `"missing"`, "no such file", `"file"`, "not a directory", `"reader"`, `nas,desk`, `NAS`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %s in:\n%v", want, err)
		}
	}
	if _, err := Open(shares, domain, time.Now); err == nil {
		t.Error("Open opened it")
	}
	if err := Validate(shares[:6], domain); err == nil || strings.Contains(err.Error(), "missing") || strings.Contains(err.Error(), "file") ||
		!strings.Contains(err.Error(), "another share") || !strings.Contains(err.Error(), `"a/b"`) || !strings.Contains(err.Error(), "not absolute") {
		t.Errorf("as they are written: %v", err)
	}
	if err := Check(shares[:1], domain); err != nil {
		t.Errorf("the good one: %v", err)
	}
	if err := Check(make([]Share, transfer.MaxShares+1), domain); err == nil || !strings.Contains(err.Error(), "257") {
		t.Errorf("too many: %v", err)
	}
	if _, err := Open(shares[:1], domain, nil); err == nil {
		t.Error("Open did without a clock")
	}
}

// A set that has been closed gives nothing any more.
func TestClosedSet(t *testing.T) {
	set, err := Open([]Share{{Name: "docs", Path: tree(t, "f"), Read: []string{"*"}}}, domain, time.Now)
	check(t, err)
	source := set.For(nas)
	check(t, set.Close())
	for op, err := range ask(source, "docs") {
		if err == nil {
			t.Errorf("%s gives something", op)
		}
	}
}
