package protocol

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is an authority with two terminals. Tests change what they are about and leave the rest.
type world struct {
	authority *certtest.Authority
	roots     *certauth.Roots
	a, b      certtest.Terminal
}

func newWorld(t testing.TB) *world {
	authority := certtest.NewAuthority(t, "acme.example")
	return &world{
		authority: authority,
		roots:     authority.Roots(t, certauth.Revocations{}),
		a:         authority.Terminal(t, "site-a/desk"),
		b:         authority.Terminal(t, "nas"),
	}
}

// config is that of self, to which peer is connected and whom it has registered.
func (w *world) config(self, peer certtest.Terminal) Config {
	return Config{
		Policy: Policy{
			Now:        certtest.Clock,
			Roots:      func() *certauth.Roots { return w.roots },
			Registered: func(*certauth.Certificate) bool { return true },
		},
		Credentials: Credentials{Certificate: self.Certificate, Signing: self.Signing, Sealing: self.Sealing},
		Peer:        publicKey(peer),
		Rand:        rand.Reader,
		Encapsulate: Encapsulate,
	}
}

func publicKey(t certtest.Terminal) ed25519.PublicKey { return t.Signing.Public().(ed25519.PublicKey) }

// edit changes a configuration for one test.
type edit func(*Config)

func at(now time.Time) edit { return func(c *Config) { c.Now = func() time.Time { return now } } }

func unregistered(c *Config) { c.Registered = func(*certauth.Certificate) bool { return false } }

func private(c *Config) { c.Private = true }

// initiator is the machine of a, dialling b; responder is b's.
func (w *world) initiator(t testing.TB, edits ...edit) *Machine {
	t.Helper()
	return w.machine(t, NewInitiator, w.config(w.a, w.b), edits)
}

func (w *world) responder(t testing.TB, edits ...edit) *Machine {
	t.Helper()
	return w.machine(t, NewResponder, w.config(w.b, w.a), edits)
}

func (w *world) machine(t testing.TB, role func(Config) (*Machine, error), cfg Config, edits []edit) *Machine {
	t.Helper()
	for _, edit := range edits {
		edit(&cfg)
	}
	m, err := role(cfg)
	check(t, err)
	return m
}

// flow is one message on its way.
type flow struct {
	to  Role
	msg []byte
}

// The flows of an exchange in which all goes well.
const (
	flowM1 = iota
	flowM2
	flowM3
	flowFinishedI
	flowFinishedR
	flows
)

// outcome is what came of an exchange: each message as it was sent, and how it ended for each side.
type outcome struct {
	sent    []flow
	session [3]*Session // by Role
	err     [3]error
}

// converse lets two machines talk until nothing more is said. tamper may change the n-th message on
// its way, or drop it by returning nil.
func converse(i, r *Machine, tamper func(n int, msg []byte) []byte) outcome {
	var o outcome
	o.step(i, nil)
	for n := 0; n < len(o.sent); n++ {
		msg := bytes.Clone(o.sent[n].msg)
		if tamper != nil {
			msg = tamper(n, msg)
		}
		to := i
		if o.sent[n].to == Responder {
			to = r
		}
		if msg != nil {
			o.step(to, msg)
		}
	}
	return o
}

// step keeps a machine's first error: that a machine goes on failing after it is another test's matter.
func (o *outcome) step(m *Machine, msg []byte) {
	out, session, err := m.Step(msg)
	if o.err[m.role] == nil {
		o.err[m.role] = err
	}
	if session != nil {
		o.session[m.role] = session
	}
	for _, msg := range messages(out) {
		o.sent = append(o.sent, flow{m.role.other(), msg})
	}
}

// messages takes apart what a machine sends at once.
func messages(out []byte) (all [][]byte) {
	for r := bytes.NewReader(out); ; {
		msg, err := ReadMessage(r)
		if err != nil {
			return all
		}
		all = append(all, msg)
	}
}

// both returns the sessions of an exchange that went well.
func (o outcome) both(t testing.TB) (initiator, responder *Session) {
	t.Helper()
	check(t, errors.Join(o.err[Initiator], o.err[Responder]))
	if o.session[Initiator] == nil || o.session[Responder] == nil {
		t.Fatal("no session")
	}
	return o.session[Initiator], o.session[Responder]
}

// refusedFor checks that the side refused by itself for this reason, and has no session.
func (o outcome) refusedFor(t testing.TB, side Role, want Reason) *RefusedError {
	t.Helper()
	if o.session[side] != nil {
		t.Errorf("the %s has a session", side)
	}
	return reasonOf(t, o.err[side], want)
}

func reasonOf(t testing.TB, err error, want Reason) *RefusedError {
	t.Helper()
	var refused *RefusedError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a refusal: %s", err, want)
	}
	if refused.Reason != want {
		t.Errorf("got %q, want %q", refused, want)
	}
	return refused
}

// recorded is the exchange of fresh machines, message by message.
func (w *world) recorded(t testing.TB) [flows][]byte {
	t.Helper()
	o := converse(w.initiator(t), w.responder(t), nil)
	o.both(t)
	var msgs [flows][]byte
	for n, f := range o.sent {
		msgs[n] = f.msg
	}
	return msgs
}

// waiting returns a machine that waits for the n-th flow of an exchange, and that flow.
func (w *world) waiting(t testing.TB, n int) (m *Machine, due []byte) {
	t.Helper()
	i, r := w.initiator(t), w.responder(t)
	o := converse(i, r, func(k int, msg []byte) []byte {
		if k >= n {
			return nil
		}
		return msg
	})
	check(t, errors.Join(o.err[Initiator], o.err[Responder]))
	if o.sent[n].to == Initiator {
		return i, o.sent[n].msg
	}
	return r, o.sent[n].msg
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
