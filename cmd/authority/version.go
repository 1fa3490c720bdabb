package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/release"
)

func newVersion(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cli.Between(0, 0),
		RunE: e.run(func(context.Context, []string) error {
			_, err := fmt.Fprintf(e.stdout, "certexch-authority %s (%s)\n", release.Version, runtime.Version())
			return err
		}),
	}
}
