package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/receive"
	"github.com/certexch/certexch/node"
)

// failedFile is what get and cat print with --json of each of several files that has failed.
type failedFile struct {
	Path    string       `json:"path"`
	Failure node.Failure `json:"failure"`
	Ended   bool         `json:"ended_early,omitempty"` // the files after it have not been tried
}

// each does something for each file, and goes on after an error, unless it holds for the rest as well. It
// returns the first one. Of several files it names each that has failed: with --json to failed, but for the path.
func (v *visit) each(ctx context.Context, files []location, failed func(int, failedFile) error, do func(int, location) error) (first error) {
	if len(files) == 1 {
		return do(0, files[0])
	}
	for i, l := range files {
		err := do(i, l)
		if err == nil {
			continue
		}
		first = cmp.Or(first, err)
		end := endsAll(ctx, err)
		told := failedFile{Failure: node.Explain(err), Ended: end && i < len(files)-1}
		switch {
		case v.env.json:
			end = failed(i, told) != nil || end
		case told.Ended:
			v.env.note("%s: %s; ended before all was tried", l, told.Failure.Text)
		default:
			v.env.note("%s: %s", l, told.Failure.Text)
		}
		if end {
			break
		}
	}
	return first
}

// endsAll reports whether an error of one file holds for the rest as well.
func endsAll(ctx context.Context, err error) bool {
	return ctx.Err() != nil || isLost(err) || receive.IsNoSpace(err) || errors.Is(err, syscall.EPIPE)
}

// note says something on standard error about the work under way.
func (e *environment) note(format string, args ...any) {
	fmt.Fprintf(e.stderr, "certexch: %s\n", cli.OneLine(fmt.Sprintf(format, args...)))
}
