package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/receive"
	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/node"
)

// fetchedItem is what get -r prints with --json of each file.
type fetchedItem struct {
	Path    string          `json:"path"`
	Outcome receive.Outcome `json:"outcome"`
	Bytes   uint64          `json:"bytes"`
	Failure *node.Failure   `json:"failure,omitempty"`
}

// fetchedTree is what get -r prints with --json at its end.
type fetchedTree struct {
	Files   uint64  `json:"files"`
	Bytes   uint64  `json:"bytes"`
	Skipped uint64  `json:"skipped"`
	Failed  uint64  `json:"failed"`
	Seconds float64 `json:"seconds"`
	Ended   bool    `json:"ended_early,omitempty"` // before all was tried
}

// grove is one get -r: its trees, one after the other.
type grove struct {
	*visit
	flags getFlags
	sum   receive.Summary
	bar   *progress
}

// getTrees fetches files and folders, and goes on after what fails. Its error is the first failure.
func (v *visit) getTrees(ctx context.Context, args []string, dst string, flags getFlags) error {
	sources, err := v.locations(args)
	if err != nil {
		return err
	}
	targets, err := treeDestinations(sources, dst)
	if err != nil {
		return err
	}
	g := &grove{visit: v, flags: flags}
	began := time.Now()
	for i, l := range sources {
		if err = g.get(ctx, l, targets[i]); err == nil {
			continue
		}
		if ctx.Err() == nil { // being cancelled is no failure of a tree
			g.failed(targets[i], err)
		}
		break
	}
	said := g.summary(time.Since(began), err != nil)
	return cmp.Or(g.sum.First, err, said)
}

// treeDestinations says where each tree is to be: in dst under its own name, if dst is a folder; else at
// dst. One that is unfinished there is gone on with.
func treeDestinations(sources []location, dst string) ([]receive.Destination, error) {
	folder, err := isFolder(dst)
	switch {
	case err != nil:
		return nil, err
	case dst == "-":
		return nil, cli.Usagef("standard output takes files, not folders")
	case !folder && len(sources) > 1:
		return nil, cli.Usagef("%q is no folder, and several sources need one", dst)
	}
	targets := make([]receive.Destination, len(sources))
	for i, l := range sources {
		targets[i] = receive.Destination{Dir: dst, Name: path.Base(path.Join(l.share, l.path))}
		unfinished, ok := receive.Unfinished(dst, l.identity.String(), l.share, l.path)
		switch {
		case ok && len(sources) == 1:
			targets[i] = unfinished
		case !folder:
			clean := filepath.Clean(dst)
			targets[i] = receive.Destination{Dir: filepath.Dir(clean), Name: filepath.Base(clean)}
		}
		if err := targets[i].Check(); err != nil {
			return nil, cli.Usagef("%v", err)
		}
	}
	return targets, nil
}

// get fetches one tree. Its error ends the command: what is behind it holds for the rest as well.
func (g *grove) get(ctx context.Context, l location, to receive.Destination) error {
	pool := g.peer(l.identity)
	entry, err := pool.Stat(ctx, l.share, l.path)
	var sum receive.Summary
	if err == nil {
		if !g.flags.noProgress {
			g.bar = g.env.newProgress(l.String())
		}
		retry := &retry{visit: g.visit, id: l.identity, patience: g.flags.retry, say: g.note}
		sum, err = receive.Tree(ctx, pool, l.share, l.path, entry, to, receive.TreeOptions{
			Terminal: l.identity.String(), Overwrite: g.flags.overwrite, DryRun: g.flags.dryRun,
			Report: g.report, Progress: g.bar.updateTree,
			Again: func(ctx context.Context, err error) (receive.TreeSource, error) { return pool, retry.again(ctx, err) },
		})
		g.bar.end()
	}
	g.add(sum)
	if err == nil || !isOfOne(err) {
		return err
	}
	g.failed(to, err)
	return nil
}

// failed counts and names a tree that has failed.
func (g *grove) failed(to receive.Destination, err error) {
	g.add(receive.Summary{Failed: 1, First: err})
	g.report(receive.Item{Path: pathOf(to), Outcome: receive.Failed, Err: err})
}

// isOfOne reports whether an error is of one tree, and another may do better.
func isOfOne(err error) bool {
	return errors.As(err, new(*transfer.StatusError)) || errors.Is(err, receive.ErrNotFolder)
}

func (g *grove) add(s receive.Summary) {
	g.sum.Files += s.Files
	g.sum.Bytes += s.Bytes
	g.sum.Skipped += s.Skipped
	g.sum.Failed += s.Failed
	if g.sum.First == nil {
		g.sum.First = s.First
	}
}

// report prints what has become of one file: all of them with --json, those that failed otherwise, and in
// a dry run what would be fetched.
func (g *grove) report(item receive.Item) {
	e := g.env
	switch {
	case e.json:
		line := fetchedItem{Path: item.Path, Outcome: item.Outcome, Bytes: item.Bytes}
		if item.Err != nil {
			failure := node.Explain(item.Err)
			line.Failure = &failure
		}
		_ = e.printJSON(line) // an error of standard output comes up again with the summary
	case item.Outcome == receive.Failed:
		text := node.Explain(item.Err).Text
		if !strings.HasPrefix(text, item.Path) {
			text = item.Path + ": " + text
		}
		g.note("%s", text)
	case g.flags.dryRun || e.verbose:
		g.bar.end()
		e.say("%s: %s", cli.Printable(item.Path), outcomeText(item))
	}
}

func outcomeText(item receive.Item) string {
	switch item.Outcome {
	case receive.Planned:
		return "would be fetched, " + bytesText(item.Bytes)
	case receive.Skipped:
		return "skipped, it is here already"
	}
	return bytesText(item.Bytes)
}

// note says something about the work under way, on a line of its own.
func (g *grove) note(format string, args ...any) {
	g.bar.end()
	g.env.note(format, args...)
}

// summary prints what all of it has come to, and whether it has ended early.
func (g *grove) summary(took time.Duration, early bool) error {
	s := g.sum
	if g.env.json {
		return g.env.printJSON(fetchedTree{s.Files, s.Bytes, s.Skipped, s.Failed, took.Seconds(), early})
	}
	text := fmt.Sprintf("%s, %s in %.2f s, %s", cli.Counted(s.Files, "file"), bytesText(s.Bytes), took.Seconds(), rateText(s.Bytes, took))
	if g.flags.dryRun {
		text = fmt.Sprintf("%s, %s would be fetched", cli.Counted(s.Files, "file"), bytesText(s.Bytes))
	}
	end := ""
	if early {
		end = "; ended before all was tried"
	}
	g.env.say("%s; %d skipped, %d failed%s", text, s.Skipped, s.Failed, end)
	return nil
}
