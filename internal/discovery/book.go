package discovery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/durable"
)

const (
	maxContacts = 1024
	maxBook     = 2 << 20 // bytes; all contacts with all their addresses take less

	// refreshAfter is how old the time of a contact may become before a session that tells nothing else
	// is worth writing the file.
	refreshAfter = 24 * time.Hour
)

// A Contact is a terminal that has proven its identity, and where that was.
type Contact struct {
	Identity certauth.Identity
	Peer     peer.ID
	Seen     time.Time             // of the last session, to the day or better
	Addrs    []multiaddr.Multiaddr // that were dialled and worked, the last one first; at most eight
}

// AddressBook is the file of contacts of a terminal. It is a memory, not an authority: nothing is lost with
// it but time. Several processes may use one file.
type AddressBook struct{ path string }

// NewAddressBook returns the address book in the file at path. A file that is missing is an empty book.
func NewAddressBook(path string) *AddressBook { return &AddressBook{path} }

// Contacts reads the book, with the contact that was seen last in front. An error leaves nothing to go by: it
// is *CorruptError, or one of the file system.
func (b *AddressBook) Contacts() ([]Contact, error) {
	f, err := durable.Open(b.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxBook+1))
	if err != nil {
		return nil, err
	}
	contacts, err := parseBook(text)
	if err != nil {
		return nil, &CorruptError{b.path, err}
	}
	return contacts, nil
}

// CorruptError is an address book that does not parse.
type CorruptError struct {
	File string
	Err  error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s: %v; the next session writes it anew", e.File, e.Err)
}

// Unwrap returns what does not parse.
func (e *CorruptError) Unwrap() error { return e.Err }

// Record notes that the terminal id, with the key of p, was met at addr. It writes the file only if that is
// news. A book that does not parse is begun anew, and the contacts that were seen longest ago make room
// where there are too many. ctx bounds the wait for other processes. The error is ctx's, or one of the file
// system.
func (b *AddressBook) Record(ctx context.Context, id certauth.Identity, p peer.ID, addr multiaddr.Multiaddr, now time.Time) error {
	if !dialable(addr) {
		return nil
	}
	if contacts, err := b.Contacts(); err == nil && known(contacts, id, p, addr, now) {
		return nil
	}
	unlock, err := durable.Lock(ctx, b.path+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	contacts, err := b.Contacts()
	if err != nil && !errors.As(err, new(*CorruptError)) {
		return err
	}
	return durable.WriteFile(b.path, formatBook(note(contacts, id, p, addr, now)), 0o600)
}

// known reports whether there is no news in a session.
func known(contacts []Contact, id certauth.Identity, p peer.ID, addr multiaddr.Multiaddr, now time.Time) bool {
	return slices.ContainsFunc(contacts, func(c Contact) bool {
		age := now.Sub(c.Seen)
		return c.Identity == id && c.Peer == p && c.Addrs[0].Equal(addr) && age >= 0 && age < refreshAfter
	})
}

// note returns contacts with a session added. What was known of an earlier key of the terminal, or of an
// earlier name of the key, is forgotten.
func note(contacts []Contact, id certauth.Identity, p peer.ID, addr multiaddr.Multiaddr, now time.Time) []Contact {
	met := Contact{Identity: id, Peer: p, Seen: now, Addrs: []multiaddr.Multiaddr{addr}}
	var others []Contact
	for _, c := range contacts {
		switch {
		case c.Identity == id && c.Peer == p:
			earlier := slices.DeleteFunc(c.Addrs, addr.Equal)
			met.Addrs = append(met.Addrs, earlier[:min(len(earlier), maxAddrs-1)]...)
		case c.Identity != id && c.Peer != p:
			others = append(others, c)
		}
	}
	slices.SortStableFunc(others, func(a, b Contact) int { return b.Seen.Compare(a.Seen) })
	return append([]Contact{met}, others[:min(len(others), maxContacts-1)]...)
}

// ContactOf returns the contact of the terminal id, if there is one.
func ContactOf(contacts []Contact, id certauth.Identity) (c Contact, ok bool) {
	return first(contacts, func(c Contact) bool { return c.Identity == id })
}

// ContactWith returns the contact that has the key of p, if there is one.
func ContactWith(contacts []Contact, p peer.ID) (c Contact, ok bool) {
	return first(contacts, func(c Contact) bool { return c.Peer == p })
}

func first(contacts []Contact, is func(Contact) bool) (c Contact, ok bool) {
	if i := slices.IndexFunc(contacts, is); i >= 0 {
		return contacts[i], true
	}
	return c, false
}
