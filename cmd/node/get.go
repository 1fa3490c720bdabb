package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/receive"
)

// getFlags are the flags of get.
type getFlags struct {
	addrs      *[]string
	recursive  bool
	overwrite  bool
	dryRun     bool
	noProgress bool
	retry      time.Duration
}

func newGet(e *environment) *cobra.Command {
	var flags getFlags
	cmd := &cobra.Command{
		Use:   "get [-r] SRC... [DST]",
		Short: "Fetch files and folders of shares",
		Long: `Fetches files and, with -r, folders with everything in them. DST is a folder that exists, in which each
SRC gets its own name, or the name that a single SRC is to have here; it is the current folder if it is left
out, and standard output if it is -. Several need a folder.

A file arrives whole or not at all, with its time of change and its executable bit. If one of the same size
and time is there already, it is skipped; if it differs, it stays unless --overwrite is given. Links here are
not followed.

What fails is named and the rest goes on; the exit code is that of the first failure.

If the connection breaks, get tries for a while to go on over another (--retry). However it ends, the same
command again goes on where it ended: what has been received of a file is kept beside its place, hidden, as
.certexch-….partial, for 30 days, and a folder that get -r has made holds such a file until all of it is here:
until then the same command goes on in that folder, and makes none in it. It may be removed.`,
		Example: `  certexch get site-a/nas:reports/q3.csv
  certexch get -r nas:photos .
  certexch get --addr /ip4/192.0.2.7/tcp/24242/p2p/12D3KooW… site-a/nas:reports/q3.csv q3-copy.csv`,
		Args:              cli.Between(1, cli.Many),
		ValidArgsFunction: e.completeRemote,
		RunE: e.run(func(ctx context.Context, args []string) error {
			return e.get(ctx, args, flags)
		}),
	}
	flags.addrs = addrFlag(cmd)
	cmd.Flags().BoolVarP(&flags.recursive, "recursive", "r", false, "fetch folders, with everything in them")
	cmd.Flags().BoolVar(&flags.overwrite, "overwrite", false, "replace files that differ")
	cmd.Flags().BoolVar(&flags.dryRun, "dry-run", false, "with -r: say what would be fetched, skipped and refused, and fetch nothing")
	cmd.Flags().BoolVar(&flags.noProgress, "no-progress", false, "draw no progress bar")
	cmd.Flags().DurationVar(&flags.retry, "retry", time.Minute, "for this `duration`, try again when the connection has been lost")
	return cmd
}

func (e *environment) get(ctx context.Context, args []string, flags getFlags) error {
	if flags.retry < 0 {
		return cli.Usagef("--retry %v: it has to be 0s or more", flags.retry)
	}
	v, err := e.visit(ctx, *flags.addrs)
	if err != nil {
		return err
	}
	defer v.close()
	sources, dst := splitDestination(v.trustDomain(), args)
	if flags.recursive {
		return v.getTrees(ctx, sources, dst, flags)
	}
	if flags.dryRun {
		return cli.Usagef("--dry-run goes with -r")
	}
	files, err := v.files(sources)
	if err != nil {
		return err
	}
	if dst == "-" {
		return v.cat(ctx, files, nil)
	}
	targets, err := destinations(files, dst)
	if err != nil {
		return err
	}
	failed := func(i int, f failedFile) error {
		f.Path = pathOf(targets[i])
		return e.printJSON(f)
	}
	return v.each(ctx, files, failed, func(i int, l location) error { return v.get(ctx, l, targets[i], flags) })
}

// splitDestination takes the destination off the arguments: the last one, if it is not remote.
func splitDestination(td certauth.TrustDomain, args []string) (sources []string, dst string) {
	last := args[len(args)-1]
	if len(args) == 1 || isRemote(td, last) {
		return args, "."
	}
	return args[:len(args)-1], last
}

// destinations says where each file is to be: in dst under its own name, if dst is a folder; else at
// dst.
func destinations(files []location, dst string) ([]receive.Destination, error) {
	folder, err := isFolder(dst)
	switch {
	case err != nil:
		return nil, err
	case !folder && len(files) > 1:
		return nil, cli.Usagef("%q is no folder, and several files need one", dst)
	case !folder && (dst == "" || os.IsPathSeparator(dst[len(dst)-1])):
		return nil, cli.Usagef("there is no folder %q", dst)
	}
	targets := make([]receive.Destination, len(files))
	for i, l := range files {
		targets[i] = receive.Destination{Dir: filepath.Dir(dst), Name: filepath.Base(dst)}
		if folder {
			targets[i] = receive.Destination{Dir: dst, Name: path.Base(l.path)}
		}
		if err := targets[i].Check(); err != nil {
			return nil, cli.Usagef("%v", err)
		}
	}
	return targets, nil
}

// isFolder reports whether there is a folder of this name on this machine.
func isFolder(name string) (bool, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrPermission) {
		return false, err
	}
	return err == nil && info.IsDir(), nil
}

// fetched is what get prints with --json of each file.
type fetched struct {
	Path    string  `json:"path"`
	Bytes   uint64  `json:"bytes"`
	Seconds float64 `json:"seconds"`
	Skipped bool    `json:"skipped"`
}

func pathOf(d receive.Destination) string { return filepath.Join(d.Dir, d.Name) }

// get fetches one file.
func (v *visit) get(ctx context.Context, l location, dst receive.Destination, flags getFlags) error {
	e := v.env
	var bar *progress
	if !flags.noProgress {
		bar = e.newProgress(l.String())
	}
	began := time.Now()
	result, err := v.fetch(ctx, l, dst, flags, bar)
	bar.end()
	if err != nil {
		return err
	}
	took := time.Since(began)
	done := fetched{Path: pathOf(dst), Bytes: result.Bytes, Seconds: took.Seconds(), Skipped: result.Skipped}
	switch {
	case e.json:
		return e.printJSON(done)
	case done.Skipped:
		e.say("%s: skipped, it is here already", cli.Printable(done.Path))
	default:
		e.say("%s: %s in %.2f s, %s", cli.Printable(done.Path), bytesText(done.Bytes), done.Seconds, rateText(done.Bytes, took))
	}
	return nil
}

// maxFruitless is how often a file is tried again of which nothing more has come: what fails every time is
// not the cable.
const maxFruitless = 3

// fetch fetches one file, over as many connections as it takes.
func (v *visit) fetch(ctx context.Context, l location, dst receive.Destination, flags getFlags, bar *progress) (receive.Result, error) {
	var before, most uint64 // bytes of the file that have been here
	opt := receive.Options{Terminal: l.identity.String(), Overwrite: flags.overwrite, Progress: func(received, total uint64) {
		most = max(most, received)
		bar.update(received, total)
	}}
	retry := &retry{visit: v, id: l.identity, patience: flags.retry, say: func(format string, args ...any) {
		bar.end()
		v.env.note(format, args...)
	}}
	for fruitless := 0; ; {
		result, err := receive.File(ctx, v.peer(l.identity), l.share, l.path, dst, opt)
		if fruitless++; most != before {
			before, fruitless = most, 0
		}
		if err == nil || !v.hasMet(l.identity) || fruitless >= maxFruitless {
			return result, err
		}
		if err := retry.again(ctx, err); err != nil {
			return result, err
		}
	}
}
