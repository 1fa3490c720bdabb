package host

import (
	"context"
	"crypto/ed25519"
	"io"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	"go.uber.org/goleak"
)

const (
	anyTCP  = "/ip4/127.0.0.1/tcp/0"
	anyQUIC = "/ip4/127.0.0.1/udp/0/quic-v1"

	hello = "/test/hello"
)

func TestPeerIDFollowsFromTheKey(t *testing.T) {
	key := newKey(t)
	h := newHost(t, Config{Key: key})
	pub, err := crypto.UnmarshalEd25519PublicKey(key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	if !h.ID().MatchesPublicKey(pub) {
		t.Errorf("the peer ID %s is not that of the key", h.ID())
	}
}

func TestWrongKeyIsAnError(t *testing.T) {
	for _, key := range []ed25519.PrivateKey{nil, make([]byte, 32), make([]byte, 65)} {
		if h, err := New(Config{Key: key}); err == nil {
			h.Close()
			t.Errorf("a key of %d bytes made a host", len(key))
		}
	}
}

func TestStreamsOverEachTransport(t *testing.T) {
	for _, listen := range []string{anyTCP, anyQUIC} {
		server := newHost(t, Config{Listen: addrs(listen), Setup: answerHello})
		client := newHost(t, Config{})
		if got := ask(t, client, info(server)); got != "hello" {
			t.Errorf("over %s: got %q", listen, got)
		}
	}
}

func TestWithoutListenAddressesNothingIsOpen(t *testing.T) {
	h := newHost(t, Config{})
	if got := h.Network().ListenAddresses(); len(got) > 0 {
		t.Errorf("listens on %s", got)
	}
}

// A peer may connect as soon as a listener is open, so the handlers must have
// been there before.
func TestSetupRunsBeforeTheFirstListener(t *testing.T) {
	var atSetup []multiaddr.Multiaddr
	ran := false
	h := newHost(t, Config{Listen: addrs(anyTCP), Setup: func(h host.Host) {
		ran, atSetup = true, h.Network().ListenAddresses()
	}})
	if !ran || len(atSetup) > 0 {
		t.Errorf("ran: %v; open by then: %s", ran, atSetup)
	}
	if len(h.Network().ListenAddresses()) != 1 {
		t.Error("does not listen after Setup")
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	server := newHost(t, Config{Listen: addrs(anyTCP, anyQUIC), Setup: answerHello})
	client := newHost(t, Config{})
	ask(t, client, info(server))
	client.Close()
	server.Close()
}

func BenchmarkNew(b *testing.B) {
	config := Config{Key: newKey(b), Listen: addrs(anyTCP, anyQUIC)}
	for b.Loop() {
		h, err := New(config)
		if err != nil {
			b.Fatal(err)
		}
		h.Close()
	}
}

func newKey(t testing.TB) ed25519.PrivateKey {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newHost makes a host that lives as long as the test, with a key of its own
// unless c has one.
func newHost(t testing.TB, c Config) host.Host {
	t.Helper()
	if c.Key == nil {
		c.Key = newKey(t)
	}
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func addrs(list ...string) (out []multiaddr.Multiaddr) {
	for _, s := range list {
		out = append(out, multiaddr.StringCast(s))
	}
	return out
}

func info(h host.Host) peer.AddrInfo {
	return peer.AddrInfo{ID: h.ID(), Addrs: directAddrs(h.Network().ListenAddresses())}
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func answerHello(h host.Host) {
	h.SetStreamHandler(hello, func(s network.Stream) {
		defer s.Close()
		io.WriteString(s, "hello")
	})
}

func ask(t testing.TB, h host.Host, to peer.AddrInfo) string {
	t.Helper()
	if err := h.Connect(soon(t), to); err != nil {
		t.Fatal(err)
	}
	s, err := h.NewStream(soon(t), to.ID, hello)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	answer, err := io.ReadAll(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}
