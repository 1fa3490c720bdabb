package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
)

func newFingerprint(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "fingerprint",
		Short: "Print the fingerprint of the root",
		Long: `Prints the SHA-256 of the root certificate, in hexadecimal: what certexch install --root takes, and what
people compare by telephone before they trust an authority.`,
		Args: cli.Between(0, 0),
		RunE: e.run(func(ctx context.Context, _ []string) error { return e.fingerprint(ctx) }),
	}
}

func (e *environment) fingerprint(ctx context.Context) error {
	a, err := e.open(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	_, err = fmt.Fprintf(e.stdout, "%x\n", a.Root().Fingerprint())
	return err
}
