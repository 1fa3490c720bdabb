//go:build unix

package receive

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/certexch/certexch/internal/transfer"
)

// A folder that a tree has made is known as unfinished until all has arrived, to the same tree alone; the mark is
// never followed elsewhere.
func TestTreeMark(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	plant(t, from, forest())
	pool, dst := farAt(t, from).pool(), Destination{to, "new"}
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	_, err := Tree(ctx, pool, "docs", "", transfer.Entry{Dir: true}, dst, TreeOptions{Terminal: "nas", Report: func(Item) { cancel(enough) }})
	if !errors.Is(err, enough) {
		t.Fatalf("%v", err)
	}
	name := filepath.Join(to, "new")
	if got, ok := Unfinished(name, "nas", "docs", ""); !ok || got != dst {
		t.Errorf("%+v %v", got, ok)
	}
	t.Chdir(name)
	if got, ok := Unfinished(".", "nas", "docs", ""); !ok || got.Name != "new" {
		t.Errorf("as the current folder: %+v %v", got, ok)
	}
	check(t, os.Symlink("new", filepath.Join(to, "link")))
	for _, other := range [][4]string{{name, "lamp", "docs", ""}, {name, "nas", "docs", "a"}, {name, "nas", "other", ""}, {filepath.Join(to, "link"), "nas", "docs", ""}, {to, "nas", "docs", ""}} {
		if _, ok := Unfinished(other[0], other[1], other[2], other[3]); ok {
			t.Errorf("%q is taken for unfinished", other)
		}
	}

	mark := filepath.Join(name, markName)
	check(t, os.Rename(mark, filepath.Join(to, "mark")))
	check(t, os.Symlink("../mark", mark))
	if _, ok := Unfinished(name, "nas", "docs", ""); ok {
		t.Error("a link was followed")
	}
	check(t, os.Rename(filepath.Join(to, "mark"), mark))

	s, _, err := getTree(t, pool, dst, TreeOptions{Terminal: "nas"})
	if err != nil || s.Failed > 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, ok := Unfinished(name, "nas", "docs", ""); ok {
		t.Error("it is unfinished at its end")
	}
	same(t, name, from)
}

// A mark that was cut off is written anew: who goes on may be cut off, too.
func TestTreeMarkCut(t *testing.T) {
	want := markOf("nas", "docs", "")
	for _, held := range []string{"", want[:len(want)/2]} {
		from, to := t.TempDir(), t.TempDir()
		plant(t, from, forest())
		check(t, os.Mkdir(filepath.Join(to, "new"), 0o755))
		check(t, os.WriteFile(filepath.Join(to, "new", markName), []byte(held), 0o600))
		ctx, cancel := context.WithCancelCause(t.Context())
		enough := errors.New("enough")
		_, err := Tree(ctx, farAt(t, from).pool(), "docs", "", transfer.Entry{Dir: true}, Destination{to, "new"}, TreeOptions{Terminal: "nas", Report: func(Item) { cancel(enough) }})
		if _, ok := Unfinished(filepath.Join(to, "new"), "nas", "docs", ""); !errors.Is(err, enough) || !ok {
			t.Errorf("%q: unfinished %v, %v", held, ok, err)
		}
	}
}

// A tree into a folder that was there is not marked, whatever fails in it.
func TestTreeUnmarked(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	plant(t, from, map[string]string{"f": "theirs", "folder": "theirs"})
	pool, dst := farAt(t, from).pool(), Destination{to, "new"}
	opt := TreeOptions{Terminal: "nas", Report: func(Item) {}}
	check(t, os.Mkdir(filepath.Join(to, "there"), 0o755))
	plant(t, to, map[string]string{"there/f": "mine"})
	s, err := Tree(t.Context(), pool, "docs", "", transfer.Entry{Dir: true}, Destination{to, "there"}, opt)
	if _, ok := Unfinished(filepath.Join(to, "there"), "nas", "docs", ""); err != nil || s.Failed != 1 || ok {
		t.Errorf("%+v, %v, unfinished %v", s, err, ok)
	}
	if s, err = Tree(t.Context(), pool, "docs", "", transfer.Entry{Dir: true}, dst, opt); err != nil || s.Failed != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := os.Stat(filepath.Join(to, "new", markName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the mark of a whole tree: %v", err)
	}
}
