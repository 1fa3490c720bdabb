package node_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/node"
)

// TestExplainUnreachable: who could not be reached is told with the dialler's reason.
func TestExplainUnreachable(t *testing.T) {
	const peerPart = "/p2p/12D3KooWGRUVBuFfYBUvNi2hx9JmCBDn1u3u6yZ4wnuCLCrg3Xma"
	id, err := peer.Decode(strings.TrimPrefix(peerPart, "/p2p/"))
	check(t, err)
	unresolved := &swarm.DialError{Peer: id, Cause: swarm.ErrNoGoodAddresses}
	refused := &swarm.DialError{Peer: id, Cause: swarm.ErrAllDialsFailed, DialErrors: []swarm.TransportError{{Cause: errors.New("connection refused")}}}
	for _, c := range []struct {
		addr string
		err  error
		end  string
	}{
		{"/dns4/nas.example/tcp/1" + peerPart, unresolved, peerPart + ": the name in it cannot be resolved"},
		{"/dnsaddr/nas.example" + peerPart, unresolved, peerPart + ": the name in it cannot be resolved"},
		{"/ip4/192.0.2.7/tcp/1" + peerPart, unresolved, peerPart},
		{"/ip4/192.0.2.7/tcp/1" + peerPart, errors.Join(refused), peerPart + ": connection refused"},
		{"/dns4/nas.example/tcp/1" + peerPart, refused, peerPart + ": connection refused"},
		{"/ip4/192.0.2.7/tcp/1" + peerPart, nil, peerPart},
	} {
		f := node.Explain(&node.DialError{Addrs: []multiaddr.Multiaddr{multiaddr.StringCast(c.addr)}, Err: c.err})
		if f.Reason != "unreachable" || f.Code != node.CodeUnreachable || !strings.HasSuffix(f.Text, c.addr+strings.TrimPrefix(c.end, peerPart)) || f.Try == "" {
			t.Errorf("%s, %v: %+v", c.addr, c.err, f)
		}
	}
}

// TestExplainUnreachableAmongMany: the cause is that of the address that it is told with.
func TestExplainUnreachableAmongMany(t *testing.T) {
	first, second := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas").terminal().PeerID(), newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas").terminal().PeerID()
	at := func(where string, id peer.ID) multiaddr.Multiaddr {
		return multiaddr.StringCast(where + "/p2p/" + id.String())
	}
	failed := func(id peer.ID, where string) error {
		return &swarm.DialError{Peer: id, Cause: swarm.ErrAllDialsFailed, DialErrors: []swarm.TransportError{{Address: multiaddr.StringCast(where), Cause: errors.New("connection refused")}}}
	}
	addrs := []multiaddr.Multiaddr{at("/ip4/192.0.2.1/tcp/1", first), at("/ip4/192.0.2.2/tcp/1", first), at("/dns4/nas.example/tcp/1", second)}
	for _, c := range []struct {
		err  error
		want string
	}{
		{failed(first, "/ip4/192.0.2.2/tcp/1"), addrs[1].String() + ": connection refused"},
		{failed(second, "/ip4/192.0.2.3/tcp/1"), addrs[2].String() + ": connection refused"},
		{failed(first, "/ip4/192.0.2.4/tcp/1"), at("/ip4/192.0.2.4/tcp/1", first).String() + ": connection refused"}, // the network told of it
		{&swarm.DialError{Peer: second, Cause: swarm.ErrNoGoodAddresses}, addrs[2].String() + ": the name in it cannot be resolved"},
		{&swarm.DialError{Peer: first, Cause: swarm.ErrNoGoodAddresses}, addrs[0].String()},
	} {
		f := node.Explain(&node.DialError{Addrs: addrs, Err: errors.Join(c.err)})
		if !strings.HasSuffix(f.Text, " at "+c.want) {
			t.Errorf("%q, want %q", f.Text, c.want)
		}
	}
}
