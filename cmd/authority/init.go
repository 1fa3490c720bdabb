package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/authority"
	"github.com/certexch/certexch/internal/cli"
)

func newInit(e *environment) *cobra.Command {
	var domain string
	var lifetime time.Duration
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a new authority",
		Long: `Makes the folder, a root key encrypted with a passphrase, the root certificate and the records, and prints
the fingerprint of the root. An authority that is there already is left alone.`,
		Example: "  certexch-authority --dir ca init --trust-domain acme.example",
		Args:    cli.Between(0, 0),
		RunE: e.run(func(ctx context.Context, _ []string) error {
			return e.init(ctx, domain, lifetime)
		}),
	}
	cmd.Flags().StringVar(&domain, "trust-domain", "", "the `domain` that all identities lie in, such as acme.example (required)")
	cmd.Flags().DurationVar(&lifetime, "lifetime", authority.DefaultRootLifetime, "how long the root is valid")
	return cmd
}

func (e *environment) init(ctx context.Context, domain string, lifetime time.Duration) error {
	config, err := e.config()
	if err != nil {
		return err
	}
	if domain == "" {
		return cli.Usagef("--trust-domain is missing: name the domain that all identities lie in, such as acme.example")
	}
	td, err := certauth.ParseTrustDomain(domain)
	if err != nil {
		return cli.Usagef("%v", err)
	}
	if lifetime < time.Second {
		return cli.Usagef("--lifetime must be a second or longer")
	}
	root, err := authority.Create(ctx, config, authority.Options{
		TrustDomain: td,
		Lifetime:    lifetime,
		Cost:        e.cost,
		Passphrase:  func() ([]byte, error) { return e.newPassphrase(ctx) },
	})
	if err != nil {
		return err
	}
	e.sayWhatNext(root)
	_, err = fmt.Fprintf(e.stdout, "%x\n", root.Fingerprint())
	return err
}

func (e *environment) sayWhatNext(root *certauth.Root) {
	e.say(`The authority of %s is made, in %s. Its root is valid until %s.
Keep a copy of the folder, and the passphrase somewhere else: without both, no terminal can be certified.

Next, at a terminal:
  certexch request > nas.csr
Here, under the name that you decide on:
  %s
And at the terminal, with the fingerprint of the root, which the command fingerprint prints again:
  certexch install nas.pem --root %x
`, root.TrustDomain(), shellWord(e.dir), when(root.NotAfter()), e.command("sign nas.csr --id nas > nas.pem"), root.Fingerprint())
}
