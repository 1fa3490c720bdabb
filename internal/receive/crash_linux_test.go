package receive

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/transfer"
)

// resumedDir and treeDir name the directory into which this program receives a large file in two goes, and
// a tree, when it runs to be traced.
const (
	resumedDir = "CERTEXCH_RECEIVE_RESUMED"
	treeDir    = "CERTEXCH_RECEIVE_TREE"
)

var long = os.Getenv("CERTEXCH_LONG") != ""

func init() {
	traced[resumedDir] = func(dir string) {
		if _, err := fetchFrom(&remote{body: crashBody}, dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Fprintln(os.Stdout, "success")
	}
}

var crashBody = noise(3*block + block/3)

// crashTree is small, and has something of everything: files in a batch, one with a journal, folders.
func crashTree() map[string]string {
	files := map[string]string{"large": string(noise(block + block/3)), "empty/": ""}
	for i := range 12 {
		files[fmt.Sprintf("f%d/%d", i%3, i)] = strings.Repeat(fmt.Sprint(i), 100*i)
	}
	return files
}

// TestTracedTree is run by others, in a process of its own.
func TestTracedTree(t *testing.T) {
	dir := os.Getenv(treeDir)
	if dir == "" {
		t.Skip("it is run to be traced")
	}
	s, err := Tree(t.Context(), farAt(t, filepath.Join(dir, "from")).pool(), "docs", "", transfer.Entry{Dir: true}, Destination{dir, "to"}, TreeOptions{
		Terminal: "nas",
		Report: func(item Item) {
			if item.Outcome == Received {
				fmt.Fprintf(os.Stdout, "done %s\n", item.Path)
			}
		},
	})
	if err != nil || s.Failed > 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	fmt.Fprintln(os.Stdout, "success")
}

// crashes are where a process is killed: at the n-th of a thread's calls of this kind.
var crashes = map[string][]int{
	"write":              {1, 2, 3, 5, 8, 13, 17, 18, 19, 21, 34, 35, 36, 55, 60},
	"fsync":              {1, 2, 3, 4},
	"fchmod":             {1, 2, 5},
	"utimensat":          {1, 2, 5},
	"renameat,renameat2": {1, 2, 3, 7},
	"unlinkat":           {1, 2, 3, 4, 5},
	"mkdirat":            {1, 2, 4},
}

// F1: a process that is killed at any of its steps leaves no file that is not whole, and has reported none
// that is not there; the next run makes up for what is missing, and takes away what was left.
func TestF1KilledAtEveryStep(t *testing.T) {
	if testing.Short() {
		t.Skip("starts some dozens of processes: run it without -short")
	}
	want := map[string]string{"f": string(crashBody)}
	for call, points := range crashes {
		if call == "mkdirat" {
			continue // of trees
		}
		for _, n := range points {
			dir := t.TempDir()
			calls, err := traceAs(t, resumedDir, dir, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, n))
			if n == 1 && !killed(calls) {
				t.Errorf("nothing was killed at %s %d", call, n)
			}
			got, readErr := os.ReadFile(filepath.Join(dir, "f"))
			if readErr == nil && string(got) != want["f"] || readErr != nil && (err == nil || lastMatch(calls, `write\(1<.*"success`) >= 0) {
				t.Errorf("%s %d: %d bytes, %v after %v", call, n, len(got), readErr, err)
			}
			if result, err := fetchFrom(&remote{body: crashBody}, dir); err != nil {
				t.Errorf("%s %d, again: %+v, %v", call, n, result, err)
			}
			expect(t, dir, want)
			if !long && n > 5 {
				break
			}
		}
	}
}

// killed reports whether a traced process has been killed.
func killed(calls []string) bool { return lastMatch(calls, `\+\+\+ killed by SIGKILL`) >= 0 }

// F1, F5: the same for a tree.
func TestF1TreeKilledAtEveryStep(t *testing.T) {
	if testing.Short() {
		t.Skip("starts some dozens of processes: run it without -short")
	}
	for call, points := range crashes {
		for i, n := range points {
			if !long && i > 2 {
				break
			}
			dir := t.TempDir()
			plant(t, filepath.Join(dir, "from"), crashTree())
			calls, _ := traceAs(t, treeDir, dir, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, n))
			if n == 1 && !killed(calls) {
				t.Errorf("nothing was killed at %s %d", call, n)
			}
			want := planted(t, filepath.Join(dir, "from"))
			got := make(map[string]string)
			if _, err := os.Stat(filepath.Join(dir, "to")); err == nil {
				got = planted(t, filepath.Join(dir, "to"))
			}
			for name, body := range got {
				if !transfer.IsPartial(filepath.Base(name)) && body != want[name] {
					t.Errorf("%s %d: %s has %d bytes", call, n, name, len(body))
				}
			}
			for name := range want {
				if _, ok := got[name]; !ok && lastMatch(calls, `"done .*/to/`+name+`\\n"`) >= 0 {
					t.Errorf("%s %d: %s was reported and is not there", call, n, name)
				}
			}
			s, _, err := getTree(t, farAt(t, filepath.Join(dir, "from")).pool(), Destination{dir, "to"}, TreeOptions{Terminal: "nas"})
			if err != nil || s.Failed > 0 {
				t.Errorf("%s %d, again: %+v, %v", call, n, s, err)
			}
			same(t, filepath.Join(dir, "to"), filepath.Join(dir, "from"))
		}
	}
}

// F1: where the disk gives a file its name by a link, a run may be killed while it has both. The next run takes the
// hidden one away, whether the file is small or large, and even if it is no longer what that would receive.
func TestF1KilledWithTwoNames(t *testing.T) {
	if testing.Short() {
		t.Skip("starts some processes: run it without -short")
	}
	for _, name := range []string{"small", "large"} {
		for _, changed := range []bool{false, true} {
			dir := t.TempDir()
			from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
			plant(t, from, map[string]string{"small": "content", "large": string(crashBody)})
			hidden := origin{"nas", "docs", name, name}.hidden()
			calls, _ := traceAs(t, treeDir, dir, "-P", hidden, "-e", "inject=renameat2:error=EINVAL", "-e", "inject=unlinkat:signal=SIGKILL")
			if info, err := os.Stat(filepath.Join(to, name)); err != nil || info.Sys().(*syscall.Stat_t).Nlink != 2 {
				t.Fatalf("%s was not killed with two names: %v after\n%s", name, err, strings.Join(calls, "\n"))
			}
			if changed {
				check(t, os.Chtimes(filepath.Join(to, name), time.Time{}, modTime))
			}
			s, _, err := getTree(t, farAt(t, from).pool(), Destination{dir, "to"}, TreeOptions{Terminal: "nas"})
			if err != nil || changed != (s.Failed == 1) {
				t.Errorf("%s, again: %+v, %v", name, s, err)
			}
			if _, err := os.Stat(filepath.Join(to, hidden)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s, changed %v: the hidden name is still there: %v", name, changed, err)
			}
		}
	}
}

// step is one call to the system: the lines of the trace where it began and ended.
type step struct {
	text       string
	begin, end int
}

var unfinished = regexp.MustCompile(`^(\d+) +(.*) <unfinished \.\.\.>$`)
var resumedCall = regexp.MustCompile(`^(\d+) +<\.\.\. \w+ resumed>`)

// steps reads a trace of several threads.
func steps(calls []string) (all []step) {
	open := make(map[string]int)
	for i, line := range calls {
		if m := unfinished.FindStringSubmatch(line); m != nil {
			open[m[1]] = len(all)
			all = append(all, step{m[2], i, len(calls)})
		} else if m := resumedCall.FindStringSubmatch(line); m != nil {
			all[open[m[1]]].end = i
		} else {
			all = append(all, step{line, i, i})
		}
	}
	return all
}

// find returns the first call that begins after a line of the trace and matches.
func find(t *testing.T, all []step, after int, pattern string) step {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for _, s := range all {
		if s.begin >= after && re.MatchString(s.text) {
			return s
		}
	}
	t.Fatalf("after line %d there is no %s in\n%+v", after, pattern, all)
	return step{}
}

// F2: for every file of a tree, its last write comes before its sync, that before its name, that before a
// sync of its folder, and that before it is reported.
func TestF2TreeSyncOrder(t *testing.T) {
	dir := t.TempDir()
	plant(t, filepath.Join(dir, "from"), crashTree())
	calls, err := traceAs(t, treeDir, dir)
	check(t, err)
	all := steps(calls)
	find := func(after int, pattern string) step { return find(t, all, after, pattern) }
	files := 0
	for name := range planted(t, filepath.Join(dir, "to")) {
		if strings.HasSuffix(name, "/") {
			continue
		}
		files++
		folder, base := filepath.Dir(filepath.Join(dir, "to", name)), filepath.Base(name)
		partial := regexp.QuoteMeta(filepath.Join(folder, origin{"nas", "docs", name, base}.hidden()))
		named := find(0, `renameat2?\(\d+<`+folder+`>, .*\.partial", .*, "`+base+`"`)
		synced := find(0, `fsync\(\d+<`+partial+`>`)
		for _, s := range all {
			if regexp.MustCompile(`(write|fchmod|utimensat)\(.*`+partial).MatchString(s.text) && s.end > synced.begin {
				t.Errorf("%s is written to after its sync: %s", name, s.text)
			}
		}
		if synced.end > named.begin {
			t.Errorf("%s has its name before it is safe", name)
		}
		settled := find(named.end, `fsync\(\d+<`+folder+`>`)
		if said := find(0, `write\(1<.*"done `+filepath.Join(folder, base)+`\\n"`); settled.end > said.begin {
			t.Errorf("%s is reported before its name is safe", name)
		}
	}
	if files != 13 {
		t.Errorf("%d files", files)
	}
	made := find(0, `mkdirat\(\d+<`+filepath.Join(dir, "to")+`>, "f1"`)
	settled := find(made.end, `fsync\(\d+<`+filepath.Join(dir, "to")+`>`)
	if said := find(0, `write\(1<.*"done .*/to/f1/`); settled.end > said.begin {
		t.Error("a file is reported before the name of its folder is safe")
	}
}

// F2: what an earlier run has left may be of one that was killed before its names were safe. So every folder is
// synced, and only once, before there is success; and the folders on the way to a file before that is reported.
func TestF2TreeOfNamesThatMayNotBeSafe(t *testing.T) {
	dir := t.TempDir()
	to := filepath.Join(dir, "to")
	plant(t, filepath.Join(dir, "from"), crashTree())
	s, _, err := getTree(t, farAt(t, filepath.Join(dir, "from")).pool(), Destination{dir, "to"}, TreeOptions{Terminal: "nas"})
	if err != nil || s.Failed > 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	for _, missing := range []string{"", "f1/1"} {
		if missing != "" {
			check(t, os.Remove(filepath.Join(to, missing)))
		}
		calls, err := traceAs(t, treeDir, dir)
		check(t, err)
		all := steps(calls)
		for _, folder := range []string{dir, to, to + "/f0", to + "/f1", to + "/f2", to + "/empty"} {
			synced := find(t, all, 0, `fsync\(\d+<`+folder+`>`)
			if n := countMatches(calls, `fsync\(\d+<`+folder+`>`); n != 1 {
				t.Errorf("%s is synced %d times", folder, n)
			}
			before := `write\(1<.*"success`
			if missing != "" && (folder == dir || folder == to || folder == to+"/f1") {
				before = `write\(1<.*"done ` + filepath.Join(to, missing)
			}
			if said := find(t, all, 0, before); synced.end > said.begin {
				t.Errorf("%s is not safe before %s", folder, said.text)
			}
		}
	}
}

// slowing lists the share and one folder at once, and the others when it may.
type slowing struct {
	transfer.Source
	first  string
	others <-chan struct{}
}

func (s slowing) List(share, path, after string, limit int) ([]transfer.Entry, bool, error) {
	if path != "" && path != s.first {
		select {
		case <-s.others:
		case <-time.After(patience):
		}
	}
	return s.Source.List(share, path, after, limit)
}

// F3: a disk that is full ends a tree with ErrNoSpace; what was reported is there and whole.
func TestF3TreeDiskFull(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	files := make(map[string]string)
	for i := range 100 {
		files[fmt.Sprintf("%d/f", i)] = strings.Repeat("x", 20_000)
	}
	plant(t, from, files)
	if err := syscall.Mount("tmpfs", to, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("no disk to fill: %v", err)
	}
	defer syscall.Unmount(to, 0)
	r := farAt(t, from)
	arrived := make(chan struct{})
	r.source = slowing{r.source, "0", arrived}
	got := make(items)
	report := got.report(filepath.Join(to, "new"))
	s, err := Tree(t.Context(), r.pool(), "docs", "", transfer.Entry{Dir: true}, Destination{to, "new"}, TreeOptions{Report: func(item Item) {
		if report(item); len(got) == 1 {
			close(arrived)
		}
	}})
	if !errors.Is(err, ErrNoSpace) {
		t.Errorf("%+v, %v", s, err)
	}
	for name, item := range got {
		if body, err := os.ReadFile(filepath.Join(to, "new", name)); item.Outcome == Received && (err != nil || string(body) != files[name]) {
			t.Errorf("%s: %d bytes, %v", name, len(body), err)
		}
	}
	if s.Files == 0 {
		t.Error("nothing was received")
	}
	for name := range planted(t, to) {
		if transfer.IsPartial(filepath.Base(name)) && name != "new/"+markName {
			t.Errorf("%s takes room", name)
		}
	}
}

// F3: an error of the disk for one file, or for the names of one folder, is that file's or that folder's: what it
// concerns is not reported as received, and all the others are.
func TestF3TreeErrorOfTheDisk(t *testing.T) {
	hidden := origin{"nas", "docs", "f0/3", "3"}.hidden()
	for _, c := range []struct{ call, at, lost string }{
		{"fsync", "to/f0/" + hidden, "f0/3"},
		{"fchmod", "to/f0/" + hidden, "f0/3"},
		{"renameat2", hidden, "f0/3"}, // by its name in an open folder
		{"fsync", "to/f1", "f1/"},
	} {
		dir := t.TempDir()
		plant(t, filepath.Join(dir, "from"), crashTree())
		at := c.at
		if strings.Contains(at, "/") {
			at = filepath.Join(dir, at)
		}
		calls, err := traceAs(t, treeDir, dir, "-P", at, "-P", os.DevNull, "-e", "inject="+c.call+":error=EIO")
		if err == nil || lastMatch(calls, `"success`) >= 0 {
			t.Errorf("%s of %s: success", c.call, c.at)
		}
		want, done := []string{}, []string{}
		for name := range crashTree() {
			if !strings.HasSuffix(name, "/") && !strings.HasPrefix(name, c.lost) {
				want = append(want, filepath.Join(dir, "to", name))
			}
		}
		for _, line := range calls {
			if m := regexp.MustCompile(`"done (.*)\\n"`).FindStringSubmatch(line); m != nil {
				done = append(done, m[1])
			}
		}
		slices.Sort(want)
		slices.Sort(done)
		if !slices.Equal(done, want) {
			t.Errorf("%s of %s: done are %q, and not %q", c.call, c.at, done, want)
		}
		for _, name := range done {
			if _, err := os.Stat(name); err != nil {
				t.Errorf("%s of %s: %v", c.call, c.at, err)
			}
		}
	}
}
