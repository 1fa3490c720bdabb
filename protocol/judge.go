package protocol

import (
	"errors"

	"github.com/certexch/certexch/certauth"
)

// Judge makes the checks again that a session rests on and that may have come to fail since (section 9):
// the peer's certificate, and its registration where the session was given it. It returns nil or a
// *RefusedError.
func (p *Policy) Judge(s *Session) error {
	if p.Now == nil || p.Roots == nil || p.Registered == nil {
		return errIncomplete
	}
	if err := p.Roots().Recheck(s.peer, p.Now()); err != nil { // P2
		return refuseCertificate(err)
	}
	if (s.ours == Registered || p.Private) && !p.Registered(s.peer) { // P7
		return &RefusedError{Reason: NotRegisteredHere, Peer: s.peer.Identity()}
	}
	return nil
}

// Farewell is the goodbye to a peer that Judge has refused with err. A private terminal tells nobody
// what its allowlist holds.
func (p *Policy) Farewell(err error) Goodbye {
	var refused *RefusedError
	if errors.As(err, &refused) && refused.Reason == NotRegisteredHere && !p.Private {
		return GoodbyeNotRegistered
	}
	return GoodbyeNotAllowed
}

// Dismissed is why peer has ended a session with g, as far as this side can know: a *RefusedError, or
// nil for a goodbye that finds no fault.
func (c *Config) Dismissed(g Goodbye, peer certauth.Identity) error {
	switch g {
	case GoodbyeDone, GoodbyeShutdown:
		return nil
	case GoodbyeNotRegistered:
		return &RefusedError{Reason: NotRegisteredThere, Peer: peer, ByPeer: true}
	}
	m := Machine{cfg: *c}
	refused := m.refusedByPeer()
	refused.Peer = peer
	return refused
}
