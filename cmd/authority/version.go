package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
)

func newVersion(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cli.Between(0, 0),
		RunE: e.run(func(context.Context, []string) error {
			_, err := fmt.Fprintf(e.stdout, "certexch-authority %s (%s)\n", version(), runtime.Version())
			return err
		}),
	}
}

// version is the version that this program was built as.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown)"
}
