package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/authority"
	"github.com/certexch/certexch/internal/cli"
)

const passphrase = "correct horse battery staple"

// trial is the program with an authority in a folder of its own, without a process.
type trial struct {
	*environment
	out, err bytes.Buffer
	where    string // the folder of the authority
}

// newTrial makes the program as main does, for somebody who knows the passphrase.
func newTrial(t *testing.T) *trial {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return &trial{where: filepath.Join(dir, "ca"), environment: &environment{
		stdin: strings.NewReader(""),
		now:   time.Now,
		rand:  rand.Reader,
		cost:  authority.Cost{Time: 1, Memory: 8, Threads: 1},
		ask:   func(context.Context, string) ([]byte, error) { return []byte(passphrase), nil },
	}}
}

// run runs one command and returns its exit code.
func (r *trial) run(args ...string) int {
	r.out.Reset()
	r.err.Reset()
	e := *r.environment
	e.stdout, e.stderr = cli.Writer{W: &r.out}, cli.Writer{W: &r.err}
	return e.execute(context.Background(), args)
}

// at runs one command on the authority.
func (r *trial) at(args ...string) int {
	return r.run(append([]string{"--dir", r.where}, args...)...)
}

// must runs one command on the authority that is to succeed, and returns what it printed.
func (r *trial) must(t *testing.T, args ...string) string {
	t.Helper()
	if code := r.at(args...); code != 0 {
		t.Fatalf("%q: exit code %d: %s", args, code, r.err.String())
	}
	return r.out.String()
}

// tree returns all files below a folder in one string.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		b.WriteString(path + "\n" + string(data) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
