// Package channeltest gives tests the two ends of a sealed channel, over a real TCP connection on
// loopback and after a real exchange.
package channeltest

import (
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"testing"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/protocol"
)

// Pair returns the opener's and the accepter's end of one data channel between two terminals that
// have registered each other. Both are closed when the test ends.
func Pair(t testing.TB) (opener, accepter *protocol.Channel) {
	t.Helper()
	initiator, responder := Sessions(t)
	near, far := Transports(t)
	opener, err := initiator.Open(near, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// The number of the stream travels with the opener's first frame, so Accept has to wait for it.
	first := protocol.NewFrame()
	first.Kind = protocol.KindMessage
	if err := opener.Send(first); err != nil {
		t.Fatal(err)
	}
	accepter, err = responder.Accept(far, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := accepter.Receive(first); err != nil {
		t.Fatal(err)
	}
	return opener, accepter
}

// Sessions returns both sides of a completed exchange.
func Sessions(t testing.TB) (initiator, responder *protocol.Session) {
	t.Helper()
	authority := certtest.NewAuthority(t, "acme.example")
	roots := authority.Roots(t, certauth.Revocations{})
	a, b := authority.Terminal(t, "site-a/desk"), authority.Terminal(t, "nas")
	i := newMachine(t, protocol.NewInitiator, a, b, roots)
	r := newMachine(t, protocol.NewResponder, b, a, roots)

	m1, _, err := i.Step(nil)
	check(t, err)
	m2, _, err := r.Step(m1)
	check(t, err)
	m3, _, err := i.Step(m2)
	check(t, err)
	finished := len(m3) - (3 + 32) // M3 and FINISHED leave together
	_, _, err = r.Step(m3[:finished])
	check(t, err)
	answer, responder, err := r.Step(m3[finished:])
	check(t, err)
	_, initiator, err = i.Step(answer)
	check(t, err)
	return initiator, responder
}

func newMachine(t testing.TB, role func(protocol.Config) (*protocol.Machine, error), self, peer certtest.Terminal, roots *certauth.Roots) *protocol.Machine {
	t.Helper()
	m, err := role(protocol.Config{
		Policy: protocol.Policy{
			Now:        certtest.Clock,
			Roots:      func() *certauth.Roots { return roots },
			Registered: func(*certauth.Certificate) bool { return true },
		},
		Credentials: protocol.Credentials{Certificate: self.Certificate, Signing: self.Signing, Sealing: self.Sealing},
		Peer:        peer.Signing.Public().(ed25519.PublicKey),
		Rand:        rand.Reader,
		Encapsulate: protocol.Encapsulate,
	})
	check(t, err)
	return m
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// transport is a TCP connection as a protocol.Transport.
type transport struct{ *net.TCPConn }

func (c transport) Reset() error {
	_ = c.SetLinger(0)
	return c.Close()
}

// Transports returns the two ends of a TCP connection on loopback.
func Transports(t testing.TB) (a, b protocol.Transport) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	check(t, err)
	far, err := l.Accept()
	check(t, err)
	t.Cleanup(func() { near.Close(); far.Close() })
	return transport{near.(*net.TCPConn)}, transport{far.(*net.TCPConn)}
}
