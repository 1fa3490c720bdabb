package protocol

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
)

// A registered terminal answers for another registered one: it passes every check but one.
func TestA0AnotherTerminalAnswers(t *testing.T) {
	w := newWorld(t)
	expecting := func(id certauth.Identity) edit { return func(c *Config) { c.Expect = id } }
	printer, err := certauth.ParseIdentity("acme.example/printer")
	check(t, err)

	o := converse(w.initiator(t, expecting(printer)), w.responder(t), nil)
	got := o.refusedFor(t, Initiator, OtherTerminal)
	if got.Peer != w.b.Identity || got.Expected != printer {
		t.Errorf("the refusal names %s for %s", got.Peer, got.Expected)
	}
	if len(o.sent) != 3 || !bytes.Equal(o.sent[2].msg, refused) {
		t.Error("after M2 it said more than REFUSED")
	}
	converse(w.initiator(t, expecting(w.b.Identity)), w.responder(t), nil).both(t)
}

func TestB1StrangerDials(t *testing.T) {
	w := newWorld(t)
	for name, s := range w.strangers(t) {
		t.Run(name, func(t *testing.T) {
			r := w.responder(t, func(c *Config) { c.Peer = publicKey(s.Terminal) })
			r.cfg.Roots = func() *certauth.Roots { return s.roots }
			o := converse(w.defiant(t, NewInitiator, s, w.b), r, nil)
			o.refusedFor(t, Responder, s.reason)
			if len(o.sent) != 2 || !bytes.Equal(o.sent[1].msg, refused) {
				t.Error("the stranger got more than REFUSED")
			}
		})
	}
}

func TestB1StrangerAnswers(t *testing.T) {
	w := newWorld(t)
	for name, s := range w.strangers(t) {
		t.Run(name, func(t *testing.T) {
			i := w.initiator(t, func(c *Config) { c.Peer = publicKey(s.Terminal) })
			o := converse(i, w.defiant(t, NewResponder, s, w.a), func(n int, msg []byte) []byte {
				if n == flowM2 {
					i.cfg.Roots = func() *certauth.Roots { return s.roots }
				}
				return msg
			})
			o.refusedFor(t, Initiator, s.reason)
			if len(o.sent) != 3 || !bytes.Equal(o.sent[2].msg, refused) {
				t.Error("the stranger got more than M1 and REFUSED")
			}
		})
	}
}

func TestB1BoundariesOfValidity(t *testing.T) {
	w := newWorld(t)
	first, last := certtest.Now, certtest.Now.Add(time.Hour)
	w.a = w.authority.Certify(t, w.a, "site-a/desk", first, last)
	for _, c := range []struct {
		now    time.Time
		reason Reason
	}{
		{first.Add(-time.Second), CertificateNotYetValid},
		{first, ""},
		{last, ""},
		{last.Add(time.Second), CertificateExpired},
	} {
		o := converse(w.initiator(t), w.responder(t, at(c.now)), nil)
		if c.reason == "" {
			o.both(t)
		} else {
			o.refusedFor(t, Responder, c.reason)
		}
	}
}

// A certificate is no secret: who shows it must have its key, on this very connection.
func TestB2CertificateOfAnother(t *testing.T) {
	w := newWorld(t)
	thief := stranger{Terminal: certtest.NewKeys(t)}
	toThief := func(c *Config) { c.Peer = publicKey(thief.Terminal) }

	thief.Certificate = w.a.Certificate
	o := converse(w.defiant(t, NewInitiator, thief, w.b), w.responder(t, toThief), nil)
	if got := o.refusedFor(t, Responder, KeyMismatch); got.Peer != w.a.Identity {
		t.Errorf("the refusal does not say whose certificate it was: %s", got)
	}
	thief.Certificate = w.b.Certificate
	o = converse(w.initiator(t, toThief), w.defiant(t, NewResponder, thief, w.a), nil)
	o.refusedFor(t, Initiator, KeyMismatch)
}

// Certificate and connection are right, but somebody else signs.
func TestB2SignatureOfAnother(t *testing.T) {
	w := newWorld(t)
	thief := certtest.NewKeys(t)
	for _, n := range []int{flowM1, flowM2, flowM3} {
		i, r := w.initiator(t), w.responder(t)
		signer, judge := i, Responder
		if n == flowM2 {
			signer, judge = r, Initiator
		}
		if n == flowM1 {
			signer.cfg.Signing = thief.Signing
		}
		o := converse(i, r, func(k int, msg []byte) []byte {
			if k == n-1 {
				signer.cfg.Signing = thief.Signing
			}
			return msg
		})
		o.refusedFor(t, judge, BadSignature)
	}
}

// The four cells of "I lists R, R lists I", for either role.
func TestB3Registration(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		iListsR, rListsI bool
		initiator        Reason // why it may not open a stream
		responder        Reason
	}{
		{true, true, "", ""},
		{true, false, NotRegisteredThere, NotRegisteredHere},
		{false, true, NotRegisteredHere, NotRegisteredThere},
		{false, false, NotRegisteredHere, NotRegisteredHere},
	} {
		i, r := converse(w.initiator(t, listing(c.iListsR)), w.responder(t, listing(c.rListsI)), nil).both(t)
		mayUse(t, i, c.initiator)
		mayUse(t, r, c.responder)
		if (i.Ours() == Registered) != c.iListsR || r.Theirs() != i.Ours() || i.Theirs() != r.Ours() {
			t.Errorf("verdicts: %v and %v, %v and %v", i.Ours(), r.Theirs(), i.Theirs(), r.Ours())
		}
		if i.Peer().Identity() != w.b.Identity || r.Peer().Identity() != w.a.Identity {
			t.Errorf("the sessions are with %s and %s", i.Peer().Identity(), r.Peer().Identity())
		}
		if i.Role() != Initiator || r.Role() != Responder {
			t.Error("the roles are wrong")
		}
		if want := w.roots.Authorities(); len(i.Authorities()) != 1 || i.Authorities()[0] != want[0] || r.Authorities()[0] != want[0] {
			t.Error("the peer's authorities did not arrive")
		}
	}
}

func listing(yes bool) edit {
	if yes {
		return func(*Config) {}
	}
	return unregistered
}

// mayUse checks that a session opens and accepts streams, or that it refuses both without touching the
// transport, which is not there.
func mayUse(t *testing.T, s *Session, reason Reason) {
	t.Helper()
	if reason == "" {
		near, far := newPipe()
		_, err := far.Write([]byte{0, 0, 0, 0, 0, 0, 0, 1})
		check(t, err)
		_, toAccept := s.Accept(near, zeros{})
		_, toOpen := s.Open(near, zeros{})
		check(t, errors.Join(s.DataAllowed(), toAccept, toOpen))
		return
	}
	_, toAccept := s.Accept(nil, zeros{})
	_, toOpen := s.Open(nil, zeros{})
	for _, err := range []error{s.DataAllowed(), toAccept, toOpen} {
		reasonOf(t, err, reason)
	}
}

// To a member that is not registered, a private terminal is what it is to everybody else.
func TestB3Private(t *testing.T) {
	w := newWorld(t)
	o := converse(w.initiator(t), w.responder(t, private, unregistered), nil)
	o.refusedFor(t, Responder, NotRegisteredHere)
	got := o.refusedFor(t, Initiator, Refused)
	if !got.ByPeer || !got.Peer.IsZero() || len(o.sent) != 2 {
		t.Errorf("the initiator learned more than that it was refused: %+v", got)
	}
	o = converse(w.initiator(t, private, unregistered), w.responder(t), nil)
	o.refusedFor(t, Initiator, NotRegisteredHere)
	if len(o.sent) != 3 {
		t.Error("the initiator sent M3 to a terminal that it does not know")
	}
	converse(w.initiator(t, private), w.responder(t, private), nil).both(t)
}

// A responder whose certificate was good, and is no more, lets a proven initiator see that.
func TestOwnCertificateOutOfDate(t *testing.T) {
	w := newWorld(t)
	for name, s := range w.strangers(t) {
		if !s.genuine() || s.reason == RevocationListStale { // without lists it could not judge the initiator
			continue
		}
		t.Run(name, func(t *testing.T) {
			w := *w
			w.b, w.roots = s.Terminal, s.roots
			got := converse(w.initiator(t), w.responder(t), nil).refusedFor(t, Initiator, s.reason)
			if got.Peer != w.b.Identity || got.ByPeer || got.Own {
				t.Errorf("the initiator does not see whose certificate it is: %+v", got)
			}
		})
	}
}

// An initiator whose clock is wrong accepts the certificate that the responder knows to be expired:
// the responder does not complete the exchange.
func TestOwnCertificateOutOfDateDoesNotComplete(t *testing.T) {
	w := newWorld(t)
	w.b = w.authority.Certify(t, w.b, "nas", certtest.Now.Add(-time.Hour), certtest.Now)
	o := converse(w.initiator(t), w.responder(t, at(certtest.Now.Add(time.Second))), nil)
	if got := o.refusedFor(t, Responder, CertificateExpired); !got.Own || got.Peer != w.a.Identity {
		t.Errorf("got %+v", got)
	}
	got := o.refusedFor(t, Initiator, Refused)
	if !got.ByPeer || got.Peer != w.b.Identity || got.PeerClock != uint64(certtest.Now.Unix())+1 {
		t.Errorf("the evidence is incomplete: %+v", got)
	}
	if got.Ahead() != time.Second {
		t.Errorf("its clock is ahead by %v", got.Ahead())
	}
	for _, c := range []struct {
		peer, own uint64
		years     time.Duration
	}{{0, 1 << 40, 0}, {1<<64 - 1, 1, 10}, {1, 1<<64 - 1, -10}} {
		if got := (&RefusedError{PeerClock: c.peer, Clock: c.own}).Ahead(); got != c.years*365*24*time.Hour {
			t.Errorf("%d against %d: %v", c.peer, c.own, got)
		}
	}
}

// What is wrong with this side's own credentials shows before anything is sent.
func TestOwnCredentialsDoNotFit(t *testing.T) {
	w := newWorld(t)
	for name, s := range w.strangers(t) {
		cfg := w.config(s.Terminal, w.a)
		cfg.Roots = func() *certauth.Roots { return s.roots }
		_, err := NewInitiator(cfg)
		if got := reasonOf(t, err, s.reason); !got.Own {
			t.Errorf("%s: %+v", name, got)
		}
		if _, err = NewResponder(cfg); s.genuine() {
			check(t, err)
		} else if got := reasonOf(t, err, s.reason); !got.Own {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, edit := range []edit{
		func(c *Config) { c.Signing = w.a.Signing },
		func(c *Config) { c.Sealing = w.a.Sealing },
	} {
		cfg := w.config(w.b, w.a)
		edit(&cfg)
		_, err := NewResponder(cfg)
		if got := reasonOf(t, err, KeyMismatch); !got.Own {
			t.Errorf("%+v", got)
		}
	}
}
