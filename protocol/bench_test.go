package protocol_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/protocol"
)

// BenchmarkExchange is the CPU of one exchange, both sides together, without the TLS handshake below.
func BenchmarkExchange(b *testing.B) {
	authority := certtest.NewAuthority(b, "acme.example")
	roots := authority.Roots(b, certauth.Revocations{})
	desk, nas := authority.Terminal(b, "desk"), authority.Terminal(b, "nas")
	config := func(self, peer certtest.Terminal) protocol.Config {
		return protocol.Config{
			Policy: protocol.Policy{
				Now:        certtest.Clock,
				Roots:      func() *certauth.Roots { return roots },
				Registered: func(*certauth.Certificate) bool { return true },
			},
			Credentials: protocol.Credentials{Certificate: self.Certificate, Signing: self.Signing, Sealing: self.Sealing},
			Peer:        peer.Signing.Public().(ed25519.PublicKey),
			Rand:        rand.Reader,
			Encapsulate: protocol.Encapsulate,
		}
	}
	const finishedSize = 3 + 32
	b.ReportAllocs()
	for b.Loop() {
		i, err := protocol.NewInitiator(config(desk, nas))
		if err != nil {
			b.Fatal(err)
		}
		r, err := protocol.NewResponder(config(nas, desk))
		if err != nil {
			b.Fatal(err)
		}
		step := func(m *protocol.Machine, in []byte) []byte {
			out, _, err := m.Step(in)
			if err != nil {
				b.Fatal(err)
			}
			return out
		}
		m3 := step(i, step(r, step(i, nil)))
		split := len(m3) - finishedSize
		step(r, m3[:split])
		step(i, step(r, m3[split:]))
	}
}
