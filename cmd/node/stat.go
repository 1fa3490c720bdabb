package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

func newStat(e *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:               "stat IDENTITY:SHARE[/PATH]",
		Short:             "Describe one file or folder of a share",
		Example:           "  certexch stat site-a/nas:reports/q3.csv",
		Args:              cli.Between(1, 1),
		ValidArgsFunction: e.completeRemote,
	}
	addrs := addrFlag(cmd)
	cmd.RunE = e.run(func(ctx context.Context, args []string) error {
		return e.stat(ctx, args[0], *addrs)
	})
	return cmd
}

func (e *environment) stat(ctx context.Context, arg string, addrs []string) error {
	v, err := e.visit(ctx, addrs)
	if err != nil {
		return err
	}
	defer v.close()
	l, err := parseFile(v.trustDomain(), arg)
	if err != nil {
		return err
	}
	p := v.peer(l.identity)
	n, err := p.Stat(ctx, l.share, l.path)
	if err != nil {
		return err
	}
	if e.json {
		return e.printJSON(entryOf(n))
	}
	return e.table(statRows(n))
}

func statRows(n node.Entry) [][]string {
	kind := "file"
	switch {
	case n.Dir:
		kind = "folder"
	case n.Executable:
		kind = "file, executable"
	}
	return [][]string{
		{"name", n.Name},
		{"kind", kind},
		{"size", fmt.Sprint(n.Size)},
		{"changed", n.ModTime.Local().Format(time.RFC3339Nano)},
		{"version", entryOf(n).Version},
	}
}
