package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
	"github.com/certexch/certexch/protocol"
)

func newVersion(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and the protocols that it speaks",
		Args:  cli.Between(0, 0),
		RunE:  e.run(e.version),
	}
}

func (e *environment) version(context.Context, []string) error {
	if e.json {
		return e.printJSON(struct {
			Version   string   `json:"version"`
			Go        string   `json:"go"`
			Protocols []string `json:"protocols"`
		}{node.Version, runtime.Version(), []string{protocol.ID, protocol.DataID}})
	}
	fmt.Fprintf(e.stdout, "certexch %s (%s)\n%s\n%s\n", node.Version, runtime.Version(), protocol.ID, protocol.DataID)
	return nil
}
