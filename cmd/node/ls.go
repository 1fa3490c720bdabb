package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/node"
)

func newLs(e *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ls IDENTITY[:SHARE[/PATH]]",
		Short: "List the shares of a terminal, or a folder in one",
		Long: `Lists the shares of a terminal that this one may read, or what is in a folder: size in bytes, time of the
last change, and name, with a slash at the end of folders.`,
		Example: `  certexch ls site-a/nas
  certexch ls site-a/nas:reports/2026`,
		Args:              cli.Between(1, 1),
		ValidArgsFunction: e.completeRemote,
	}
	addrs := addrFlag(cmd)
	cmd.RunE = e.run(func(ctx context.Context, args []string) error {
		return e.ls(ctx, args[0], *addrs)
	})
	return cmd
}

func (e *environment) ls(ctx context.Context, arg string, addrs []string) error {
	v, err := e.visit(ctx, addrs)
	if err != nil {
		return err
	}
	defer v.close()
	l, err := parseLocation(v.trustDomain(), arg)
	if err != nil {
		return err
	}
	p := v.peer(l.identity)
	if l.share == "" {
		return e.lsShares(ctx, p)
	}
	return e.lsFolder(ctx, p, l)
}

func (e *environment) lsShares(ctx context.Context, p *transfer.Pool) error {
	shares, err := p.Shares(ctx)
	if err != nil {
		return err
	}
	for _, name := range shares {
		if e.json {
			err = e.printJSON(struct {
				Share string `json:"share"`
			}{name})
		} else {
			_, err = fmt.Fprintln(e.stdout, cli.Printable(name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lsFolder lists a folder; of a file, it prints the file.
func (e *environment) lsFolder(ctx context.Context, p *transfer.Pool, l location) error {
	entries, err := p.List(ctx, l.share, l.path)
	if errors.Is(err, transfer.ErrWrongKind) {
		var file node.Entry
		file, err = p.Stat(ctx, l.share, l.path)
		entries = []node.Entry{file}
	}
	if err != nil {
		return err
	}
	for _, n := range entries {
		if err := e.printEntry(n); err != nil {
			return err
		}
	}
	return nil
}
