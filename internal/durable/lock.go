package durable

import (
	"context"
	"fmt"
	"time"

	"github.com/gofrs/flock"
)

// retryLock is how often a held lock is tried again: short for a person at a
// terminal, long for a processor.
const retryLock = 10 * time.Millisecond

// Lock takes the exclusive lock that the file path stands for, waiting until ctx
// ends; the error then matches ctx's. The file is created if missing and stays
// behind empty, for ever: removing it would let two processes hold one lock.
// The lock is released by unlock, which may be called more than once, and by the
// system when the process ends. Two calls in one process exclude each other too.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	lock := flock.New(path)
	_, err = lock.TryLockContext(ctx, retryLock)
	if err != nil {
		return nil, fmt.Errorf("waiting for the lock %s: %w", path, err)
	}
	return func() { lock.Close() }, nil
}
