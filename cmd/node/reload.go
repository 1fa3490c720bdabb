package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/control"
)

func newReload(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "reload",
		Short: "Make the terminal that runs here read its configuration again",
		Long: `Makes the terminal that runs here read config.toml again, as SIGHUP does. Shares, private, [discovery]
and on_stale count at once, running transfers included; listen, [log] and [limits] after a restart, which
it says. If something is wrong, everything stays as it was, and the exit code is not 0.

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
	restart, err := running.Reload(ctx)
	if err != nil {
		return err
	}
	if e.json {
		return e.printJSON(control.Reloaded{Restart: append([]string{}, restart...)})
	}
	e.say("reloaded")
	if len(restart) > 0 {
		e.say("changed, and in force after a restart only: %s", strings.Join(restart, ", "))
	}
	return nil
}
