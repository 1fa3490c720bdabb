package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/authority"
	"github.com/certexch/certexch/internal/cli"
)

func newCRL(e *environment) *cobra.Command {
	var o authority.ListOptions
	cmd := &cobra.Command{
		Use:   "crl",
		Short: "Sign a new revocation list, and print it",
		Long: `Signs a new revocation list and prints it in PEM, for certexch install at the terminals. Past its validity,
terminals refuse every certificate of the authority (unless they are told otherwise), so a new one is due in
time, also if nothing has been revoked.

--clock-was-ahead is the way out after a list was signed by a clock that was wrong: each list has the time
for its number, and numbers only rise, so that none can be signed until the clock has passed that one.`,
		Example: "  certexch-authority --dir ca crl --valid 720h > crl.pem",
		Args:    cli.Between(0, 0),
		RunE: e.run(func(ctx context.Context, _ []string) error {
			return e.crl(ctx, o)
		}),
	}
	cmd.Flags().DurationVar(&o.Valid, "valid", 0, "how long the list is fresh, and those after it (default: as the last; at first 720h)")
	cmd.Flags().BoolVar(&o.ClockWasAhead, "clock-was-ahead", false, "number by the clock again, though the last list is of a time to come")
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().Changed("valid") && o.Valid < time.Second {
			return cli.Usagef("--valid must be a second or longer")
		}
		return nil
	}
	return cmd
}

func (e *environment) crl(ctx context.Context, o authority.ListOptions) error {
	a, err := e.open(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	signer, err := e.unlock(ctx, a)
	if err != nil {
		return err
	}
	list, err := signer.SignList(ctx, o)
	if err != nil {
		return err
	}
	if _, err := e.stdout.Write(certauth.Bundle{CRL: list.DER()}.PEM()); err != nil {
		return err
	}
	e.say("revocation list %d, valid until %s", list.Number(), when(list.NextUpdate()))
	return nil
}
