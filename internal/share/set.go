package share

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/transfer"
)

// Set is a list of open shares. It is safe for concurrent use.
type Set struct {
	shares map[string]*directory
	now    func() time.Time

	mu     sync.Mutex
	users  int
	closed bool
}

// Open checks shares as Check does and opens them. now is the clock of this machine's files.
func Open(shares []Share, td certauth.TrustDomain, now func() time.Time, forbidden ...string) (*Set, error) {
	if now == nil {
		return nil, errors.New("share: no clock")
	}
	opened, err := openAll(shares, td, forbidden)
	if err != nil {
		return nil, errors.Join(err, closeAll(opened))
	}
	return &Set{shares: opened, now: now}, nil
}

// For returns what the terminal id may see: nothing, for the zero identity. That id is registered is
// for the caller to know.
func (s *Set) For(id certauth.Identity) transfer.Source {
	view := &view{shares: make(map[string]*directory), now: s.now}
	for name, d := range s.shares {
		if d.readableBy(id) {
			view.shares[name] = d
			view.names = append(view.names, name)
		}
	}
	slices.Sort(view.names)
	return view
}

// Close gives the directories back, at once or when nothing is asked of them through a Live any more. What has been
// opened from them stays open; nothing else can be.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.closeUnused()
}

// enter begins a use of s, which does not close meanwhile; false if it is closed.
func (s *Set) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.users++
	return true
}

func (s *Set) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users--
	_ = s.closeUnused()
}

func (s *Set) closeUnused() error {
	if !s.closed || s.users > 0 {
		return nil
	}
	return closeAll(s.shares)
}
