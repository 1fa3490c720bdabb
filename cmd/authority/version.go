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
		RunE:  e.run(func(context.Context, []string) error { return e.version() }),
	}
}

func (e *environment) version() error {
	version := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	_, err := fmt.Fprintf(e.stdout, "certexch-authority %s (%s)\n", version, runtime.Version())
	return err
}
