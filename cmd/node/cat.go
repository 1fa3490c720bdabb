package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/transfer"
)

func newCat(e *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cat SRC...",
		Short: "Write files of shares to standard output",
		Long: `Writes files of shares to standard output, one after the other. Whether a file is whole is known at its
end: use what was written only if the exit code is 0. What fails is named and the rest goes on; the exit
code is that of the first failure.

With --range, only a part of each: FROM-TO, both included and counted from 0, FROM- for the rest, or -LAST
for so many bytes at the end.`,
		Example:           "  certexch cat site-a/nas:reports/q3.csv | head\n  certexch cat --range -1000 site-a/nas:log/today",
		Args:              cli.Between(1, cli.Many),
		ValidArgsFunction: e.completeRemote,
	}
	addrs := addrFlag(cmd)
	part := cmd.Flags().String("range", "", "write only these bytes of each file: `FROM-TO`")
	cmd.RunE = e.run(func(ctx context.Context, args []string) error {
		return e.cat(ctx, args, *addrs, *part)
	})
	return cmd
}

func (e *environment) cat(ctx context.Context, args, addrs []string, text string) error {
	part, err := parseRange(text)
	if err != nil {
		return err
	}
	v, err := e.visit(ctx, addrs)
	if err != nil {
		return err
	}
	defer v.close()
	files, err := v.files(args)
	if err != nil {
		return err
	}
	return v.cat(ctx, files, part)
}

func (v *visit) cat(ctx context.Context, files []location, part *byteRange) error {
	failed := func(i int, f failedFile) error {
		f.Path = files[i].String()
		return printJSONTo(v.env.stderr, f) // standard output is for what is in the files
	}
	return v.each(ctx, files, failed, func(_ int, l location) error { return v.copy(ctx, v.peer(l.identity), l, part) })
}

// copy writes one file, or a part of it, to standard output.
func (v *visit) copy(ctx context.Context, p *transfer.Pool, l location, part *byteRange) error {
	want := transfer.ReadRequest{Share: l.share, Path: l.path}
	if part != nil {
		entry, err := p.Stat(ctx, l.share, l.path)
		if err != nil {
			return err
		}
		if entry.Dir {
			return &transfer.StatusError{Status: transfer.StatusWrongKind, Op: "read", Path: l.share + "/" + l.path}
		}
		if want.Offset, want.Length, err = part.of(entry.Size); err != nil {
			return &transfer.StatusError{Status: transfer.StatusBadRange, Op: "read", Path: l.share + "/" + l.path}
		}
		want.IfVersion = &entry.Version // of which the size is
	}
	content, err := p.Read(ctx, want)
	if err != nil {
		return err
	}
	return v.write(ctx, content)
}

// writeGrace is how long a command that was interrupted waits for what it writes to.
const writeGrace = time.Second

// write writes content to standard output. Who reads that may have stopped reading; an interrupted command ends
// all the same, and leaves the write to the end of the process.
func (v *visit) write(ctx context.Context, content *transfer.Content) error {
	written := make(chan error, 1)
	go func() {
		_, err := content.WriteTo(v.env.content)
		_ = content.Close()
		written <- err
	}()
	select {
	case err := <-written:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-written:
		return err
	case <-time.After(writeGrace):
		return context.Cause(ctx)
	}
}
