package protocol

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/certexch/certexch/certauth"
)

// Verdict is what one side says of the other.
type Verdict uint8

const (
	// Member: certified by a trusted authority and not revoked, but not registered.
	Member Verdict = 1
	// Registered: a member that is also in this terminal's allowlist.
	Registered Verdict = 2
)

// String returns "member" or "registered".
func (v Verdict) String() string {
	if v == Registered {
		return "registered"
	}
	return "member"
}

// Session is the result of a completed exchange on one connection (spec/certexch.md, section 7): who
// is at the other end, proven, what each side says of the other, and the secret that only the holders
// of the two certified keys have. It is safe for concurrent use.
type Session struct {
	role         Role
	peer         *certauth.Certificate
	ours, theirs Verdict
	authorities  []certauth.AuthorityState
	secret       [32]byte

	mu       sync.Mutex
	opened   uint64
	accepted window
}

// Role is the part that this side played in the exchange.
func (s *Session) Role() Role { return s.role }

// Peer is the certificate of the terminal at the other end.
func (s *Session) Peer() *certauth.Certificate { return s.peer }

// Ours is what this side says of the peer.
func (s *Session) Ours() Verdict { return s.ours }

// Theirs is what the peer says of this side.
func (s *Session) Theirs() Verdict { return s.theirs }

// Authorities is what the peer says it trusts, with the number and hash of its revocation lists.
func (s *Session) Authorities() []certauth.AuthorityState { return s.authorities }

// DataAllowed returns nil when each side has registered the other, and otherwise a *RefusedError that
// says whose entry is missing.
func (s *Session) DataAllowed() error {
	switch {
	case s.ours != Registered:
		return &RefusedError{Reason: NotRegisteredHere, Peer: s.peer.Identity()}
	case s.theirs != Registered:
		return &RefusedError{Reason: NotRegisteredThere, Peer: s.peer.Identity(), ByPeer: true}
	}
	return nil
}

// Open makes t a new sealed stream of this side. Salts come from rand. It fails as DataAllowed does.
func (s *Session) Open(t Transport, rand io.Reader) (*Channel, error) {
	if err := s.DataAllowed(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.opened++
	number := s.opened
	s.mu.Unlock()
	return s.channel(t, rand, s.role, number)
}

// Accept takes t, on which the peer has opened a sealed stream, reading its number. It fails as
// DataAllowed does, and with ErrIntegrity for a number that has been used before.
func (s *Session) Accept(t Transport, rand io.Reader) (*Channel, error) {
	if err := s.DataAllowed(); err != nil {
		return nil, err
	}
	var header [8]byte
	if _, err := io.ReadFull(t, header[:]); err != nil {
		return nil, cutOff(err)
	}
	number := binary.BigEndian.Uint64(header[:])
	s.mu.Lock()
	fresh := s.accepted.add(number)
	s.mu.Unlock()
	if !fresh { // F7
		return nil, integrity("stream number %d was used before", number)
	}
	return s.channel(t, rand, s.role.other(), number)
}

// channel derives the keys of one stream. The number is sent by whoever opened it; the control stream
// was opened for the exchange and needs none.
func (s *Session) channel(t Transport, rand io.Reader, opener Role, number uint64) (*Channel, error) {
	if rand == nil {
		return nil, errors.New("protocol: no source of randomness")
	}
	var salt [saltSize]byte
	if _, err := io.ReadFull(rand, salt[:]); err != nil {
		return nil, err
	}
	c := &Channel{transport: t, in: bufio.NewReader(t)}
	c.send.secret = streamSecret(s.secret, opener, s.role, number, salt)
	if opener == s.role && number != controlNumber {
		c.prefix = binary.BigEndian.AppendUint64(nil, number)
	}
	c.prefix = append(c.prefix, salt[:]...)
	c.derive = func(salt [saltSize]byte) [32]byte {
		return streamSecret(s.secret, opener, s.role.other(), number, salt)
	}
	return c, nil
}
