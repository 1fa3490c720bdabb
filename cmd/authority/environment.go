package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/authority"
	"github.com/certexch/certexch/internal/cli"
)

// environment is what a subcommand takes from the process and from the flags
// that all have in common.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer // escape what is not printable
	now            func() time.Time
	rand           io.Reader
	cost           authority.Cost                                           // of a guess at the passphrase of a new authority
	ask            func(ctx context.Context, prompt string) ([]byte, error) // a secret, of whom sits at the terminal

	dir          string
	passwordFile string

	began bool // whether a subcommand has begun: until then every error is wrong usage
}

// config says where the authority is.
func (e *environment) config() (authority.Config, error) {
	if e.dir == "" {
		return authority.Config{}, cli.Usagef("--dir is missing: name the folder of the authority")
	}
	return authority.Config{Dir: e.dir, Now: e.now, Rand: e.rand}, nil
}

// open opens the authority for reading. The caller closes it.
func (e *environment) open(ctx context.Context) (*authority.Authority, error) {
	config, err := e.config()
	if err != nil {
		return nil, err
	}
	return authority.Open(ctx, config)
}

// unlock asks for the passphrase and returns the means to sign.
func (e *environment) unlock(ctx context.Context, a *authority.Authority) (*authority.Signer, error) {
	passphrase, err := e.passphrase(ctx)
	if err != nil {
		return nil, err
	}
	return a.Unlock(passphrase)
}

// say tells a person something that is not the result.
func (e *environment) say(format string, args ...any) {
	fmt.Fprintf(e.stderr, format+"\n", args...)
}

// command is how the program is called for this authority.
func (e *environment) command(args string) string {
	return fmt.Sprintf("certexch-authority --dir %s %s", shellWord(e.dir), args)
}

// parseIdentity reads an identity as it is typed for an authority: whole, or in
// the short form.
func parseIdentity(a *authority.Authority, s string) (certauth.Identity, error) {
	id, err := a.Root().TrustDomain().ParseIdentity(s)
	if err != nil {
		return id, cli.Usagef("%v", err)
	}
	return id, nil
}

// when is how moments are printed.
func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
