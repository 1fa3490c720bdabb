package fleettest

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// running is a program of this test binary's that reads and writes lines.
type running struct {
	t     *testing.T
	lines *bufio.Scanner
	in    io.WriteCloser
	errs  *bytes.Buffer
}

// start runs a program until the test ends.
func start(t *testing.T, cmd *exec.Cmd) *running {
	t.Helper()
	r := &running{t: t, errs: new(bytes.Buffer)}
	cmd.Stderr = r.errs
	out, err := cmd.StdoutPipe()
	if err == nil {
		r.in, err = cmd.StdinPipe()
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	r.lines = bufio.NewScanner(out)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return r
}

// line waits for the program's next line.
func (r *running) line() string {
	r.t.Helper()
	if !r.lines.Scan() {
		r.t.Fatalf("the program has ended: %v\n%s", r.lines.Err(), r.errs)
	}
	return r.lines.Text()
}

func (r *running) say(line string) {
	r.t.Helper()
	if _, err := io.WriteString(r.in, line+"\n"); err != nil {
		r.t.Fatal(err)
	}
}

// waitFor looks again and again, because what it looks at tells nobody.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(45 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// size is how many bytes the files of a folder have, hidden ones too.
func size(dir string) (n int64) {
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if info, err := os.Stat(filepath.Join(dir, f.Name())); err == nil {
			n += info.Size()
		}
	}
	return n
}
