package durable

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// retryLock is how often a held lock is tried again: short for a person at a
// terminal, long for a processor.
const retryLock = 10 * time.Millisecond

// Lock takes the exclusive lock that the file path stands for, waiting until ctx
// ends; the error then matches ctx's. The file is created if missing and stays
// behind empty, for ever: removing it would let two processes hold one lock. It
// is made as WriteFile makes files, and no symbolic link is followed.
// The lock is released by unlock, which may be called more than once, and by the
// system when the process ends. Two calls in one process exclude each other too.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	lock := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDONLY|openNoFollow))
	err = asOwner(filepath.Dir(path), func(int) error {
		_, err := lock.TryLockContext(ctx, retryLock)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("waiting for the lock %s: %w", path, err)
	}
	return func() { lock.Close() }, nil
}
