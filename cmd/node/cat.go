package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/node"
)

func newCat(e *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cat SRC...",
		Short: "Write files of shares to standard output",
		Long: `Writes files of shares to standard output, one after the other. Whether a file is whole is known at its
end: use what was written only if the exit code is 0.`,
		Example: "  certexch cat site-a/nas:reports/q3.csv | head",
		Args:    cli.Between(1, cli.Many),
	}
	addrs := addrFlag(cmd)
	cmd.RunE = e.run(func(ctx context.Context, args []string) error {
		return e.cat(ctx, args, *addrs)
	})
	return cmd
}

func (e *environment) cat(ctx context.Context, args, addrs []string) error {
	v, err := e.visit(ctx, addrs)
	if err != nil {
		return err
	}
	defer v.close()
	files, err := v.files(args)
	if err != nil {
		return err
	}
	return v.cat(ctx, files)
}

func (v *visit) cat(ctx context.Context, files []location) error {
	for _, l := range files {
		p := v.peer(l.identity)
		if err := v.copy(ctx, p, l); err != nil {
			return err
		}
	}
	return nil
}

// copy writes one file to standard output.
func (v *visit) copy(ctx context.Context, p *transfer.Pool, l location) error {
	content, err := p.Read(ctx, node.ReadRequest{Share: l.share, Path: l.path})
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = content.WriteTo(v.env.content)
	return err
}
