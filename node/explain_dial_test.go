package node_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/node"
)

// TestExplainUnreachable: who could not be reached is told with the dialler's reason.
func TestExplainUnreachable(t *testing.T) {
	const peer = "/p2p/12D3KooWGRUVBuFfYBUvNi2hx9JmCBDn1u3u6yZ4wnuCLCrg3Xma"
	unresolved := &swarm.DialError{Cause: swarm.ErrNoGoodAddresses}
	refused := &swarm.DialError{Cause: swarm.ErrAllDialsFailed, DialErrors: []swarm.TransportError{{Cause: errors.New("connection refused")}}}
	for _, c := range []struct {
		addr string
		err  error
		end  string
	}{
		{"/dns4/nas.example/tcp/1" + peer, unresolved, peer + ": the name in it cannot be resolved"},
		{"/dnsaddr/nas.example" + peer, unresolved, peer + ": the name in it cannot be resolved"},
		{"/ip4/192.0.2.7/tcp/1" + peer, unresolved, peer},
		{"/ip4/192.0.2.7/tcp/1" + peer, errors.Join(refused), peer + ": connection refused"},
		{"/dns4/nas.example/tcp/1" + peer, refused, peer + ": connection refused"},
		{"/ip4/192.0.2.7/tcp/1" + peer, nil, peer},
	} {
		f := node.Explain(&node.DialError{Addrs: []multiaddr.Multiaddr{multiaddr.StringCast(c.addr)}, Err: c.err})
		if f.Reason != "unreachable" || f.Code != node.CodeUnreachable || !strings.HasSuffix(f.Text, c.addr+strings.TrimPrefix(c.end, peer)) || f.Try == "" {
			t.Errorf("%s, %v: %+v", c.addr, c.err, f)
		}
	}
}
