package receive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// F3: a disk that is full, in blocks or in inodes, is ErrNoSpace and holds nothing of the file.
func TestF3DiskFull(t *testing.T) {
	for name, options := range map[string]string{"blocks": "size=256k", "inodes": "nr_inodes=2"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
				t.Skipf("no disk to fill: %v", err)
			}
			defer syscall.Unmount(dir, 0)
			check(t, os.WriteFile(filepath.Join(dir, "f"), []byte("old"), 0o644))
			src := serving(strings.Repeat("content", 100_000))
			src.declared = 1 // it is full when it is written, and was not before
			_, err := get(src, Destination{dir, "f"}, Options{Overwrite: true})
			if !errors.Is(err, ErrNoSpace) || !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("%v", err)
			}
			if want := "cannot write " + filepath.Join(dir, "f") + ": no space left on device"; !strings.HasSuffix(err.Error(), want) {
				t.Errorf("it says %q, and not %q", err, want)
			}
			expect(t, dir, map[string]string{"f": "old"})
		})
	}
}

// D10: what cannot find room is refused before anything is written.
func TestD10DeclaredSize(t *testing.T) {
	dir := t.TempDir()
	src := serving("content")
	src.declared = 1 << 60
	src.during = func() { t.Error("it was received") }
	if _, err := get(src, Destination{dir, "f"}, Options{}); !errors.Is(err, ErrNoSpace) || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v", err)
	}
	expect(t, dir, map[string]string{})
}

// F3: a quota is a full disk too; another error of the disk is not.
func TestF3Quota(t *testing.T) {
	src := serving("content")
	src.err = &os.PathError{Op: "write", Path: "f", Err: syscall.EDQUOT}
	if _, err := get(src, Destination{t.TempDir(), "f"}, Options{}); !errors.Is(err, ErrNoSpace) {
		t.Errorf("%v", err)
	}
	src.err = &os.PathError{Op: "write", Path: "f", Err: syscall.EIO}
	if _, err := get(src, Destination{t.TempDir(), "f"}, Options{}); errors.Is(err, ErrNoSpace) || !errors.Is(err, syscall.EIO) {
		t.Errorf("%v", err)
	}
}

// tracedDir names the directory into which this program receives a file, when it runs to be traced.
const tracedDir = "CERTEXCH_RECEIVE_TRACED"

func init() { traced[tracedDir] = receiveTraced }

func receiveTraced(dir string) {
	runtime.LockOSThread() // strace counts the calls of each thread
	src := serving(strings.Repeat("content", 100_000))
	if _, err := get(src, Destination{dir, "f"}, Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stdout, "success")
}

// trace runs this program under strace, receiving a file into dir, and returns the calls that it made
// to the system.
func trace(t *testing.T, dir string, options ...string) (calls []string, err error) {
	t.Helper()
	return traceAs(t, tracedDir, dir, options...)
}

// traceAs does what the variable stands for, and runs the tests with the names given.
func traceAs(t *testing.T, variable, dir string, options ...string) (calls []string, err error) {
	t.Helper()
	strace, lookErr := exec.LookPath("strace")
	if lookErr != nil {
		t.Skip("no strace here")
	}
	output := filepath.Join(t.TempDir(), "trace")
	args := append([]string{"-f", "-y", "-s", "200", "-o", output, "-e", "trace=write,pwrite64,fsync,fdatasync,fchmod,utimensat,rename,renameat,renameat2,linkat,unlinkat,ftruncate,mkdirat"}, options...)
	command := exec.Command(strace, append(args, os.Args[0], "-test.run=^TestTracedTree$")...)
	command.Env = append(os.Environ(), variable+"="+dir, "GOMAXPROCS=1")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	err = command.Run()
	file, openErr := os.Open(output)
	if strings.Contains(stderr.String(), "invalid") {
		t.Fatal(stderr.String())
	}
	if openErr != nil || strings.Contains(stderr.String(), "ptrace") {
		t.Skipf("strace does not work here: %v, %s", openErr, stderr.String())
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		calls = append(calls, lines.Text())
	}
	return calls, err
}

// F2: last write, then attributes, then the sync of the file, then its name, then the sync of the
// directory, and only then success.
func TestF2SyncOrder(t *testing.T) {
	dir := t.TempDir()
	calls, err := trace(t, dir)
	check(t, err)
	last := -1
	for _, step := range []string{
		`write\(\d+<` + dir + `/\.certexch-.*\.partial>`,
		`fchmod\(\d+<` + dir + `/\.certexch-.*\.partial>, 0644`,
		`utimensat\(.*\.certexch-.*\.partial`,
		`fsync\(\d+<` + dir + `/\.certexch-.*\.partial>`,
		`renameat2?\(.*\.partial", .*"f"`,
		`fsync\(\d+<` + dir + `>`,
		`write\(1<.*"success`,
	} {
		at := lastMatch(calls, step)
		if at <= last {
			t.Errorf("%s is call %d, after call %d, of\n%s", step, at, last, strings.Join(calls, "\n"))
		}
		last = at
	}
}

// F2: a file that is here already may have been given its name by a run that was killed before the name was safe:
// the directory is synced, once, before it counts as received.
func TestF2SkippedFileIsSafe(t *testing.T) {
	dir := t.TempDir()
	_, err := trace(t, dir)
	check(t, err)
	calls, err := trace(t, dir)
	check(t, err)
	if n := countMatches(calls, `fsync\(`); n != 1 || lastMatch(calls, `renameat`) >= 0 {
		t.Errorf("%d syncs in\n%s", n, strings.Join(calls, "\n"))
	}
	if synced := lastMatch(calls, `fsync\(\d+<`+dir+`>`); synced < 0 || synced > lastMatch(calls, `write\(1<.*"success`) {
		t.Errorf("success before the name is safe:\n%s", strings.Join(calls, "\n"))
	}
	if calls, err = trace(t, dir, "-e", "inject=fsync:error=EIO:when=1"); err == nil || lastMatch(calls, `"success`) >= 0 {
		t.Errorf("success without a sync:\n%s", strings.Join(calls, "\n"))
	}
}

// Where the disk does not rename only to a free name, a link does it, and where it has no links a look has to do.
func TestDisksWithoutRenameNew(t *testing.T) {
	for inject, used := range map[string]string{
		"renameat2:error=EINVAL":                                   `linkat\(.*"f", 0\) = 0`,
		"renameat2:error=ENOSYS":                                   `linkat\(.*"f", 0\) = 0`,
		"renameat2:error=EINVAL -e inject=linkat:error=EPERM":      `renameat\(.*"f"\) = 0`,
		"renameat2:error=EINVAL -e inject=linkat:error=EOPNOTSUPP": `renameat\(.*"f"\) = 0`,
	} {
		dir := t.TempDir()
		options := strings.Fields("-e inject=" + inject)
		calls, err := trace(t, dir, options...)
		named := lastMatch(calls, used)
		if err != nil || named < 0 || named > lastMatch(calls, `fsync\(\d+<`+dir+`>`) {
			t.Errorf("%s: %v after\n%s", inject, err, strings.Join(calls, "\n"))
		}
		if got := names(t, dir); !slices.Equal(got, []string{"f"}) {
			t.Errorf("%s left %q", inject, got)
		}
	}
}

// A file system that cannot sync a folder is taken to need it not.
func TestFolderThatCannotBeSynced(t *testing.T) {
	for _, number := range []string{"EINVAL", "EOPNOTSUPP"} {
		dir := t.TempDir()
		calls, err := trace(t, dir, "-e", "inject=fsync:error="+number+":when=2")
		if err != nil || lastMatch(calls, `fsync\(\d+<`+dir+`>.*INJECTED`) < 0 {
			t.Errorf("%s: %v after\n%s", number, err, strings.Join(calls, "\n"))
		}
	}
}

func countMatches(calls []string, pattern string) (n int) {
	re := regexp.MustCompile(pattern)
	for _, call := range calls {
		if re.MatchString(call) {
			n++
		}
	}
	return n
}

func lastMatch(calls []string, pattern string) int {
	re := regexp.MustCompile(pattern)
	for i := len(calls) - 1; i >= 0; i-- {
		if re.MatchString(calls[i]) {
			return i
		}
	}
	return -1
}

// F3: an error of any of the steps on which success rests is an error, and is not tried away; before
// the file has its name, nothing of it is left.
func TestF3ErrorsOfTheDisk(t *testing.T) {
	for _, c := range []struct {
		inject string
		left   int // files
	}{
		{"write:error=EIO:when=1", 0},
		{"fsync:error=EIO:when=1", 0},
		{"renameat,renameat2:error=EIO:when=1", 0},
		{"fsync:error=EIO:when=2", 1}, // of the directory: the file is there, but may not stay
	} {
		dir := t.TempDir()
		calls, err := trace(t, dir, "-e", "inject="+c.inject)
		if err == nil || lastMatch(calls, `"success`) >= 0 {
			t.Errorf("%s: success after\n%s", c.inject, strings.Join(calls, "\n"))
		}
		if got := names(t, dir); len(got) != c.left {
			t.Errorf("%s left %q", c.inject, got)
		}
	}
}
