package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/cli"
)

// trial is a process of certexch that a test looks into: its output, without a process.
type trial struct {
	*environment
	out, err bytes.Buffer
}

func newTrial(t *testing.T) *trial {
	t.Helper()
	trial := &trial{}
	trial.environment = &environment{
		stdin:    strings.NewReader(""),
		stdout:   cli.Writer{W: &trial.out},
		stderr:   cli.Writer{W: &trial.err},
		content:  &trial.out,
		now:      time.Now,
		terminal: io.Discard,
	}
	return trial
}

// run runs a command line in the home dir and returns the exit code.
func (r *trial) run(t *testing.T, dir string, args ...string) int {
	t.Helper()
	r.began = false
	r.out.Reset()
	r.err.Reset()
	return r.execute(t.Context(), append([]string{"--home", dir}, args...))
}

// must runs a command line that is to succeed, and returns its output.
func (r *trial) must(t *testing.T, dir string, args ...string) string {
	t.Helper()
	if code := r.run(t, dir, args...); code != 0 {
		t.Fatalf("%q: exit code %d: %s", args, code, r.err.String())
	}
	return r.out.String()
}

// tree is what a folder holds: names, modes and contents.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	var walk func(string)
	walk = func(path string) {
		entries, err := os.ReadDir(path)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for _, e := range entries {
			name := path + "/" + e.Name()
			info, err := e.Info()
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString(name + " " + info.Mode().String() + " " + info.ModTime().String() + "\n")
			if e.IsDir() {
				walk(name)
				continue
			}
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(content)
		}
	}
	walk(dir)
	return b.String()
}
