package allowlist

import (
	"errors"
	"fmt"
	"time"

	"github.com/certexch/certexch/certauth"
)

// Why an identity is not registered. The other two match ErrNotRegistered too.
var (
	ErrNotRegistered = errors.New("not registered")
	ErrExpired       = fmt.Errorf("%w any more: its entry has expired", ErrNotRegistered)
	ErrPinMismatch   = fmt.Errorf("%w with this key: its entry pins another", ErrNotRegistered)
)

// List is a set of registered identities. It is immutable and safe for
// concurrent use. A nil List registers nobody.
type List struct {
	entries []Entry
	index   map[certauth.Identity]int
}

// Entries returns a copy of the entries, in the order of the file.
func (l *List) Entries() []Entry {
	if l == nil {
		return nil
	}
	entries := make([]Entry, len(l.entries))
	for i, e := range l.entries {
		entries[i] = e.clone()
	}
	return entries
}

// Lookup returns the entry of an identity, expired or not.
func (l *List) Lookup(id certauth.Identity) (Entry, bool) {
	if l == nil {
		return Entry{}, false
	}
	i, ok := l.index[id]
	if !ok {
		return Entry{}, false
	}
	return l.entries[i].clone(), true
}

// Registered returns nil if id is registered at the time now with the certified
// key whose SHA-256 (of the SubjectPublicKeyInfo) is keyHash. Otherwise the error
// names id and matches ErrNotRegistered, and ErrExpired or ErrPinMismatch if
// that is the cause.
func (l *List) Registered(id certauth.Identity, keyHash [32]byte, now time.Time) error {
	e, ok := l.Lookup(id)
	switch {
	case !ok:
		return fmt.Errorf("%s is %w", id, ErrNotRegistered)
	case !e.Expires.IsZero() && !now.Before(e.Expires):
		return fmt.Errorf("%s is %w (expires=%s)", id, ErrExpired, formatExpires(e.Expires))
	case e.Pin != nil && *e.Pin != keyHash:
		return fmt.Errorf("%s is %w", id, ErrPinMismatch)
	}
	return nil
}
