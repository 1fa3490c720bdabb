package receive

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// ErrNoSpace: the disk is full or a quota is reached, or what is to come would not find room.
var ErrNoSpace = errors.New("no space is left")

// IsNoSpace reports whether err is for want of space: ErrNoSpace, or what this system says of a full disk
// or a quota that is reached.
func IsNoSpace(err error) bool { return errors.Is(err, ErrNoSpace) || isNoSpace(err) }

// noSpace makes what is an error for want of space match ErrNoSpace.
func noSpace(err error) error {
	if isNoSpace(err) && !errors.Is(err, ErrNoSpace) {
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	return err
}

// checkSpace refuses what cannot find room where root is.
func checkSpace(root *os.Root, need uint64) error {
	if free, known := freeBytes(root); known && need > free {
		return fmt.Errorf("%w in %s: %d bytes are to come, and %d are free", ErrNoSpace, root.Name(), need, free)
	}
	return nil
}

// space is the room that a tree still needs.
type space struct {
	mu   sync.Mutex
	need uint64 // bytes that are to come of the files announced
}

// claim announces bytes to come, and refuses them if there is no room for them and for what has been
// announced before.
func (s *space) claim(root *os.Root, bytes uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if bytes > ^uint64(0)-s.need {
		return fmt.Errorf("%w: more is to come than any disk holds", ErrNoSpace)
	}
	if err := checkSpace(root, s.need+bytes); err != nil {
		return err
	}
	s.need += bytes
	return nil
}

// done says of bytes announced that they have been written, or will not be.
func (s *space) done(bytes uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.need -= min(bytes, s.need)
}

// undo takes back what done has said.
func (s *space) undo(bytes uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.need += bytes
}
