package protocol

import (
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
)

// B12: a session is judged by what is true now, with the first check that fails, and the peer is told no
// more than the spec allows.
func TestB12Judge(t *testing.T) {
	w := newWorld(t)
	session := converse(w.initiator(t), w.responder(t), nil).session[Responder] // the peer is a
	other := certtest.NewAuthority(t, "acme.example")
	revoked := func(r certauth.Revocations) edit {
		return func(c *Config) { c.Roots = func() *certauth.Roots { return w.authority.Roots(t, r) } }
	}
	for name, c := range map[string]struct {
		edits    []edit
		want     Reason
		farewell Goodbye
	}{
		"as it was":            {},
		"private, as it was":   {edits: []edit{private}},
		"taken off the list":   {[]edit{unregistered}, NotRegisteredHere, GoodbyeNotRegistered},
		"the same, private":    {[]edit{unregistered, private}, NotRegisteredHere, GoodbyeNotAllowed},
		"expired":              {[]edit{at(certtest.Now.AddDate(0, 0, 30).Add(time.Second)), unregistered}, CertificateExpired, GoodbyeNotAllowed},
		"not yet valid, again": {[]edit{at(certtest.Now.Add(-time.Hour))}, CertificateNotYetValid, GoodbyeNotAllowed},
		"revoked by key": {
			[]edit{revoked(certauth.Revocations{Keys: [][32]byte{certauth.KeyHash(publicKey(w.a))}}), unregistered},
			CertificateRevoked, GoodbyeNotAllowed,
		},
		"revoked by identity": {
			[]edit{revoked(certauth.Revocations{Identities: []certauth.RevokedIdentity{{Hash: certtest.Hash(w.a.Identity), Cutoff: certtest.Now}}})},
			CertificateRevoked, GoodbyeNotAllowed,
		},
		"nobody is trusted":           {[]edit{func(c *Config) { c.Roots = func() *certauth.Roots { return nil } }}, CertificateUntrusted, GoodbyeNotAllowed},
		"another root of that domain": {[]edit{func(c *Config) { c.Roots = func() *certauth.Roots { return other.Roots(t, certauth.Revocations{}) } }}, CertificateUntrusted, GoodbyeNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := w.config(w.b, w.a)
			for _, edit := range c.edits {
				edit(&cfg)
			}
			err := cfg.Judge(session)
			if c.want == "" {
				check(t, err)
				return
			}
			if got := reasonOf(t, err, c.want); got.Peer != w.a.Identity {
				t.Errorf("the peer is %v", got.Peer)
			}
			if got := cfg.Farewell(err); got != c.farewell {
				t.Errorf("said %v", got)
			}
		})
	}
}

// A member's session rests on no entry of the list, and a policy from which something is missing refuses.
func TestJudgeOfMembers(t *testing.T) {
	w := newWorld(t)
	session := converse(w.initiator(t), w.responder(t, unregistered), nil).session[Responder]
	cfg := w.config(w.b, w.a)
	unregistered(&cfg)
	check(t, cfg.Judge(session))
	for _, missing := range []edit{
		func(c *Config) { c.Now = nil }, func(c *Config) { c.Roots = nil }, func(c *Config) { c.Registered = nil },
	} {
		cfg := w.config(w.b, w.a)
		missing(&cfg)
		if cfg.Judge(session) == nil {
			t.Error("an incomplete policy passes")
		}
	}
}

// What a goodbye lets the other side know.
func TestDismissed(t *testing.T) {
	w := newWorld(t)
	for _, g := range []Goodbye{GoodbyeDone, GoodbyeShutdown} {
		cfg := w.config(w.b, w.a)
		check(t, cfg.Dismissed(g, w.a.Identity))
	}
	expired := at(certtest.Now.AddDate(1, 0, 0))
	for _, c := range []struct {
		goodbye Goodbye
		edit    edit
		want    Reason
		own     bool
	}{
		{GoodbyeNotRegistered, expired, NotRegisteredThere, false},
		{GoodbyeNotAllowed, private, Refused, false},
		{GoodbyeNotAllowed, expired, CertificateExpired, true},
	} {
		cfg := w.config(w.b, w.a)
		c.edit(&cfg)
		got := reasonOf(t, cfg.Dismissed(c.goodbye, w.a.Identity), c.want)
		if !got.ByPeer || got.Own != c.own || got.Peer != w.a.Identity {
			t.Errorf("%v: %+v", c.goodbye, got)
		}
	}
}
