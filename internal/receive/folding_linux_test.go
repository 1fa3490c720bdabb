package receive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/certexch/certexch/internal/transfer"
)

// D13: names that the disk takes for one are refused together, and told apart everywhere else. What the disk
// does is seen on the disk: this system has others that do not.
func TestD13NamesThatAreOne(t *testing.T) {
	from := t.TempDir()
	plant(t, from, map[string]string{
		"A": "upper", "a": "lower", "b/": "", "B": "a file", "c": "c", "é": "composed", "e\u0301": "apart",
		"dot": "plain", "dot.": "with a dot", "sub/X/f": "X", "sub/x/f": "x", "sub/y": "y",
	})
	pool := farAt(t, from).pool()

	to := t.TempDir()
	s, _, err := getTree(t, pool, Destination{to, "new"}, TreeOptions{})
	if err != nil || s.Failed != 0 {
		t.Errorf("where all are apart: %+v, %v", s, err)
	}
	same(t, filepath.Join(to, "new"), from)

	disk := foldingDisk(t)
	s, got, err := getTree(t, pool, Destination{disk, "new"}, TreeOptions{})
	check(t, err)
	left := planted(t, disk)
	for _, name := range []string{"A", "a", "b", "B", "sub/X", "sub/x"} {
		var clash *ClashError
		if item := got[name]; item.Outcome != Failed || !errors.As(item.Err, &clash) || len(clash.Names) != 2 {
			t.Errorf("%s: %+v", name, item)
		}
		for there := range left {
			if strings.HasPrefix(there, "new/"+name) {
				t.Errorf("there is %q", there)
			}
		}
	}
	for name, want := range map[string]string{"c": "c", "sub/y": "y", "dot": "plain", "dot.": "with a dot", "é": "composed", "e\u0301": "apart"} {
		if body, err := os.ReadFile(filepath.Join(disk, "new", name)); err != nil || string(body) != want {
			t.Errorf("%s is %q, %v", name, body, err)
		}
	}
	// What is there already under the other name is that file.
	plant(t, filepath.Join(disk, "new"), map[string]string{"C": "mine"})
	lower := t.TempDir()
	plant(t, lower, map[string]string{"c": "theirs, and longer"})
	_, got, err = getTree(t, farAt(t, lower).pool(), Destination{disk, "new"}, TreeOptions{})
	var exists *ExistsError
	if err != nil || !errors.As(got["c"].Err, &exists) {
		t.Errorf("%+v, %v", got, err)
	}
}

// D13: of a folder on a disk that folds case, all names that are one are refused, folders too, and the rest is
// given out.
func TestD13RefusedTogether(t *testing.T) {
	f, err := openFolder(Destination{t.TempDir(), "new"})
	check(t, err)
	defer f.root.Close()
	f.folds, f.remote = &folding{letters: true}, "x"
	got := make(items)
	tree := &tree{top: f, jobs: make(chan *job, 10), tally: tally{report: got.report(f.path)}}
	found, err := tree.sort(context.Background(), f, []transfer.Entry{
		{Name: "A"}, {Name: "B", Dir: true}, {Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d", Dir: true},
	})
	close(tree.jobs)
	if err != nil || len(found) != 1 || found[0].name != "d" {
		t.Errorf("%+v, %v", found, err)
	}
	for j := range tree.jobs {
		if j.from.path != "x/c" {
			t.Errorf("%q is fetched", j.from.path)
		}
	}
	for _, name := range []string{"A", "a", "B", "b"} {
		if !errors.As(got[name].Err, new(*ClashError)) {
			t.Errorf("%s: %+v", name, got[name])
		}
	}
	if tree.tally.known.Load() != 1 {
		t.Errorf("%d are to come", tree.tally.known.Load())
	}
}

// D13: of a folder, exactly the names that the disk does not tell apart are grouped.
func TestD13Groups(t *testing.T) {
	var entries []transfer.Entry
	for _, name := range []string{"A", "B", "B.", "a", "a.", "b", "c", "e\u0301", "\u00e9"} {
		entries = append(entries, transfer.Entry{Name: name})
	}
	for f, want := range map[folding]string{
		{}:              "[]",
		{letters: true}: "[[A a] [B b]]",
		{accents: true}: "[[e\u0301 \u00e9]]",
		{ends: true}:    "[[B B.] [a a.]]",
		everything:      "[[A a a.] [B B. b] [e\u0301 \u00e9]]",
	} {
		groups := f.groups(entries)
		slices.SortFunc(groups, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
		if got := fmt.Sprint(groups); got != want {
			t.Errorf("%+v: %s, want %s", f, got, want)
		}
	}
}

// foldingDisk returns a folder on a disk that folds case, as those of Windows do.
func foldingDisk(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"mkntfs", "lowntfs-3g"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s here: apt-get install ntfs-3g", program)
		}
	}
	image, dir := filepath.Join(t.TempDir(), "disk"), t.TempDir()
	f, err := os.Create(image)
	check(t, err)
	check(t, errors.Join(f.Truncate(16<<20), f.Close()))
	if out, err := exec.Command("mkntfs", "-F", "-q", image).CombinedOutput(); err != nil {
		t.Fatalf("mkntfs: %v, %s", err, out)
	}
	if out, err := exec.Command("lowntfs-3g", "-o", "ignore_case", image, dir).CombinedOutput(); err != nil {
		t.Skipf("only root, where there is FUSE, mounts a disk: %v, %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", dir).Run() })
	return dir
}

// D13: keys are the same for names that some disk takes for one, and for no others.
func TestD13Keys(t *testing.T) {
	for _, c := range []struct {
		a, b string
		f    folding
		one  bool
	}{
		{"A", "a", folding{letters: true}, true}, {"A", "a", folding{accents: true, ends: true}, false},
		{"É", "é", folding{letters: true}, true}, {"STRASSE", "straße", folding{letters: true}, true},
		{"é", "e\u0301", folding{accents: true}, true}, {"é", "e\u0301", folding{letters: true}, false},
		{"É", "e\u0301", folding{letters: true, accents: true}, true},
		{"x.", "x", folding{ends: true}, true}, {"x. .", "x", folding{ends: true}, true}, {".x", "x", everything, false},
		{"a", "b", everything, false},
	} {
		if got := c.f.key(c.a) == c.f.key(c.b); got != c.one {
			t.Errorf("%q and %q with %+v: %v", c.a, c.b, c.f, got)
		}
	}
}
