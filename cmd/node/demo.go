package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/demo"
)

func newDemo(e *environment) *cobra.Command {
	var keep string
	cmd := &cobra.Command{
		Use:   "demo [DIR]",
		Short: "See it work on this machine: an authority, three terminals, a stranger",
		Long: `Makes an authority and three terminals in temporary homes, on the loopback interface. The first serves
DIR, or some files made for it; the second, registered with it, fetches all of it and compares every byte;
the third, certified and not registered, is refused, and so is a stranger, who learns no identity. Each
step is told with the commands that one would type. The exit code is 0 only if all of it held.`,
		Args: cli.Between(0, 1),
	}
	cmd.Flags().StringVar(&keep, "keep", "", "make the homes in this `folder` and leave them there, to go on by hand")
	cmd.RunE = e.run(func(ctx context.Context, args []string) error {
		var dir string
		if len(args) > 0 {
			dir = args[0]
		}
		e.logToStderr()
		return demo.Run(ctx, demo.Options{Dir: dir, Keep: keep, Out: e.stdout})
	})
	return cmd
}
