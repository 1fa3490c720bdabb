package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
)

func newReload(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "reload",
		Short: "Make the terminal that runs here read its configuration again",
		Long: `Makes the terminal that runs here read config.toml again, as SIGHUP does. Shares, private and on_stale
count at once, running transfers included; what else has changed counts after a restart, which its log
says. If something is wrong, everything stays as it was, and the exit code is not 0.

Nothing needs a reload after certexch allow and certexch install: what they change counts at once.`,
		Args: cli.Between(0, 0),
		RunE: e.run(e.reload),
	}
}

func (e *environment) reload(ctx context.Context, _ []string) error {
	running, err := e.running()
	if err != nil {
		return err
	}
	if err := running.Reload(ctx); err != nil {
		return err
	}
	e.say("reloaded")
	return nil
}
