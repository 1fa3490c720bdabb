package main

import (
	"context"
	"errors"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/control"
	"github.com/certexch/certexch/node"
)

// retryEvery is how long to wait before a terminal that was lost is tried again: a cable is not put back
// sooner.
const retryEvery = time.Second

// retry waits for a terminal that has been lost.
type retry struct {
	*visit
	id       certauth.Identity
	patience time.Duration                    // how long
	say      func(format string, args ...any) // what is going on
}

// again returns nil when the terminal answers again after the loss of the connection that err speaks of.
// Any other err it returns as it is, and so it does when its patience ends.
func (r *retry) again(ctx context.Context, err error) error {
	if !isLost(err) || r.patience <= 0 || ctx.Err() != nil {
		return err
	}
	r.say("the connection to %s was lost: trying again for %v", r.id, r.patience)
	over := time.NewTimer(r.patience)
	defer over.Stop()
	for {
		_, now := r.peer(r.id).Shares(ctx)
		if now == nil {
			return nil
		}
		if ctx.Err() != nil || !isLost(now) {
			return now
		}
		select {
		case <-time.After(retryEvery):
		case <-over.C:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// isLost reports whether err says that the other terminal cannot be reached, any more or yet: because of the
// network, or because the terminal that runs here, through which it was reached, has been stopped.
func isLost(err error) bool {
	return errors.Is(err, control.ErrNotRunning) || node.Explain(err).Code == node.CodeUnreachable
}
