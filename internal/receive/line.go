package receive

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/certexch/certexch/internal/transfer"
)

// maxFruitless is how often a tree goes on with another source without having received anything from the
// one before: what fails every time is not the cable.
const maxFruitless = 3

// A terminal that is too busy to answer is asked again this often, after pauses of which each is twice as long as
// the one before: six seconds in all.
const (
	maxBusy   = 5
	busyPause = 200 * time.Millisecond
	busyTime  = busyPause<<maxBusy - busyPause
)

// pause waits; false if ctx is done before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// line is the source of a tree, and the one after it when it fails.
type line struct {
	again    func(context.Context, error) (TreeSource, error)
	received func() uint64 // a figure that grows as things come

	mu        sync.Mutex
	src       TreeSource
	number    int // of src
	had       uint64
	fruitless int
	dead      error // why there is no other
}

// source returns the source of now, and its number.
func (l *line) source() (TreeSource, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.src, l.number
}

// renew takes another source in place of number, which has failed with cause. When somebody else has seen
// to it already there is nothing to do.
func (l *line) renew(ctx context.Context, number int, cause error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case l.dead != nil:
		return l.dead
	case number != l.number:
		return nil
	}
	if l.fruitless++; l.received() != l.had {
		l.had, l.fruitless = l.received(), 1
	}
	if l.again == nil || l.fruitless > maxFruitless {
		l.dead = cause
		return cause
	}
	src, err := l.again(ctx, cause)
	if err != nil {
		l.dead = err
		return err
	}
	l.src = src
	l.number++
	return nil
}

// isAnswer reports whether err is of what was asked for, and not of the source as such.
func isAnswer(err error) bool {
	var status *transfer.StatusError
	var name *transfer.NameError
	return errors.As(err, &status) || errors.As(err, &name)
}
