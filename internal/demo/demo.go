package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/authority"
)

// Options say what to show, and where.
type Options struct {
	// Dir is what the first terminal serves. Empty: a few files made for it.
	Dir string
	// Keep is a folder, new or empty, to make the homes in and to leave them in. Empty: a temporary
	// one, which is removed at the end.
	Keep string
	// Bulk is the size in bytes of the file by which throughput is measured. 0: 256 MiB.
	Bulk int64
	// Out is told each step.
	Out io.Writer
}

const (
	defaultBulk = 256 << 20
	domain      = "demo.example"

	filesShare = "files"
	bulkShare  = "bulk"
	bulkFile   = "bulk.bin"
)

// Run shows everything, step by step. It returns nil only if every step ended as it says.
func Run(ctx context.Context, o Options) error {
	s, err := open(o)
	if err != nil {
		return err
	}
	defer s.close()
	for _, step := range []func(context.Context) error{
		s.makeAuthority,
		s.makeTerminals,
		s.serve,
		s.register,
		s.fetch,
		s.refuseThird,
		s.refuseStranger,
		s.measure,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	s.conclude()
	return nil
}

// stage is where the demo happens: one folder, and what has been made in it so far.
type stage struct {
	Options
	dir   string
	steps int

	authority *authority.Authority
	signer    *authority.Signer
	first     *actor
	second    *actor
	third     *actor
	stop      func() error // ends first's serving
}

func open(o Options) (*stage, error) {
	if o.Bulk == 0 {
		o.Bulk = defaultBulk
	}
	s := &stage{Options: o, stop: func() error { return nil }}
	var err error
	if o.Dir != "" {
		if s.Dir, err = filepath.Abs(o.Dir); err != nil {
			return nil, err
		}
	}
	if s.dir, err = folder(o.Keep); err != nil {
		return nil, err
	}
	fmt.Fprintf(s.Out, "All of this happens in %s; the commands are what one would type there.\n", s.dir)
	return s, nil
}

// folder makes the folder of the demo.
func folder(keep string) (string, error) {
	if keep == "" {
		return os.MkdirTemp("", "certexch-demo-")
	}
	keep, err := filepath.Abs(keep)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(keep, 0o700); err != nil {
		return "", err
	}
	if names, err := os.ReadDir(keep); err != nil || len(names) > 0 {
		return "", errors.Join(err, fmt.Errorf("%s is not empty: the demo makes its homes in a new folder", keep))
	}
	return keep, nil
}

// close ends what runs, and removes what is not to be kept.
func (s *stage) close() {
	_ = s.stop()
	if s.authority != nil {
		_ = s.authority.Close()
	}
	if s.Keep == "" {
		_ = os.RemoveAll(s.dir)
		return
	}
	_ = os.RemoveAll(s.path("fetched", bulkShare))
	_ = os.Remove(s.path(bulkShare, bulkFile))
}

func (s *stage) path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}

// step begins a step, and commands shows what one would type for it.
func (s *stage) step(format string, args ...any) {
	s.steps++
	fmt.Fprintf(s.Out, "\n%d. %s\n", s.steps, fmt.Sprintf(format, args...))
}

func (s *stage) commands(lines ...string) {
	fmt.Fprintf(s.Out, "   $ %s\n", strings.Join(lines, "\n   $ "))
}

// found tells what came of a step.
func (s *stage) found(format string, args ...any) {
	fmt.Fprintf(s.Out, "   %s\n", fmt.Sprintf(format, args...))
}

func identity(name string) (certauth.Identity, error) {
	return certauth.ParseIdentity(domain + "/" + name)
}

// conclude says that all of it held and, if the homes stay, how to go on.
func (s *stage) conclude() {
	fmt.Fprintf(s.Out, "\nAll of it held.\n")
	if s.Keep == "" {
		return
	}
	fmt.Fprintf(s.Out, `
The homes stay in %[1]s. Go on by hand, from there:
  certexch --home first serve &            and certexch --home first id prints its addresses
  certexch --home second ls --addr ADDRESS first:%[2]s
  certexch --home second get --addr ADDRESS first:%[2]s/NAME
  certexch --home first allow add third    and third is let in, at once
  certexch-authority --dir authority --password-file passphrase revoke third
Remove the folder when you are done.
`, s.dir, filesShare)
}
