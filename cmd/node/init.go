package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

func newInit(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Make the configuration, the state folder and the keys",
		Long: `Makes config.toml with every key at its default, the state folder (mode 0700) and this terminal's two
private keys, which never leave it. Of a home that has some of it, only what is missing is made.`,
		Args: cli.Between(0, 0),
		RunE: e.run(e.init),
	}
}

func (e *environment) init(context.Context, []string) error {
	home, err := e.at()
	if err != nil {
		return err
	}
	if err := node.Init(home); err != nil {
		return err
	}
	if e.json {
		return e.printJSON(pathsOf(home))
	}
	e.say("configuration  %s", cli.Printable(home.Config))
	e.say("state          %s", cli.Printable(home.State))
	if td, err := e.trustDomain(home); err != nil || !td.IsZero() { // it was only a file that was missing
		return err
	}
	e.say("")
	e.say("Next, ask your authority for a certificate:")
	e.say("  certexch request > terminal.csr      and send it to the authority")
	e.say("  certexch install bundle.pem          when it returns the bundle")
	return nil
}
