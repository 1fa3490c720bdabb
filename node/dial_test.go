package node_test

import (
	"context"
	"testing"
	"time"

	libp2p "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/internal/host"
	"github.com/certexch/certexch/node"
	"github.com/certexch/certexch/protocol"
)

// TestDialDoesNotWaitForIdentify: what libp2p tells of itself beside the exchange may take a round trip more,
// or never come.
func TestDialDoesNotWaitForIdentify(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	desk, nas := newFixture(t, authority, "desk"), authority.Terminal(t, "nas")
	roots := authority.Roots(t, certauth.Revocations{})
	over := make(chan struct{})
	respond := func(s network.Stream) {
		_, control, err := protocol.Respond(context.Background(), s, machineConfig(nas, nil, roots))
		if err != nil {
			t.Error(err)
			return
		}
		defer control.Close()
		_, _ = control.Receive()
	}
	h, err := host.New(host.Config{Key: nas.Signing, Listen: []multiaddr.Multiaddr{multiaddr.StringCast("/ip4/127.0.0.1/tcp/0")}, Setup: func(h libp2p.Host) {
		h.SetStreamHandler(protocol.ID, respond)
		h.SetStreamHandler(identify.ID, func(s network.Stream) { <-over; _ = s.Reset() })
	}})
	check(t, err)
	defer h.Close()
	defer close(over)
	addrs, err := peer.AddrInfoToP2pAddrs(&peer.AddrInfo{ID: h.ID(), Addrs: h.Network().ListenAddresses()})
	check(t, err)
	id, err := certauth.ParseIdentity("acme.example/nas")
	check(t, err)
	check(t, allowlist.NewStore(desk.home.Allowlist()).Add(t.Context(), allowlist.Entry{Identity: id}))
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second) // identify gives up after 5 s
	defer cancel()
	p, err := desk.terminal().Dial(ctx, id, addrs...)
	check(t, err)
	check(t, p.Close())
}

// TestDialledAgainAtOnce: that nobody answered a moment ago keeps nobody from being asked again.
func TestDialledAgainAtOnce(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas, desk := newFixture(t, authority, "nas"), newFixture(t, authority, "desk")
	nas.register(desk)
	desk.register(nas)
	addr := deafAddress(t, nas)
	at, _ := multiaddr.SplitLast(addr)
	terminal := desk.terminal()
	if _, err := terminal.Dial(t.Context(), nas.identity, addr); node.Explain(err).Code != node.CodeUnreachable {
		t.Errorf("got %v", err)
	}
	nas.config.Listen = []string{at.String()}
	nas.serve()
	p, err := terminal.Dial(t.Context(), nas.identity, addr)
	check(t, err)
	check(t, p.Close())
}
