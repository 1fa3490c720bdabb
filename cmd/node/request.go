package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

func newRequest(e *environment) *cobra.Command {
	var wish string
	cmd := &cobra.Command{
		Use:   "request",
		Short: "Print the certificate request for the authority",
		Long: `Prints the certificate request (PKCS #10, in PEM) of this terminal's keys. It holds no secret. The
authority decides on the identity; --id only tells it which one is hoped for.`,
		Example: "  certexch request --id acme.example/site-a/nas > nas.csr",
		Args:    cli.Between(0, 0),
		RunE:    e.run(func(context.Context, []string) error { return e.request(wish) }),
	}
	cmd.Flags().StringVar(&wish, "id", "", "the `identity` that is hoped for")
	return cmd
}

func (e *environment) request(wish string) error {
	home, err := e.at()
	if err != nil {
		return err
	}
	var id certauth.Identity
	if wish != "" {
		ids, err := e.parseIdentities(home, wish)
		if err != nil {
			return err
		}
		id = ids[0]
	}
	pem, err := node.Request(home, id)
	if err != nil {
		return err
	}
	_, err = e.stdout.Write(pem)
	return err
}
