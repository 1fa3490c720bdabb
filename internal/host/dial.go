package host

import (
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/multiformats/go-multiaddr"
)

// quicDelay is the head start of TCP. While a TCP connection that is open
// finishes its handshake, libp2p holds the other dials back; when every TCP
// dial has failed, it does not wait.
const quicDelay = time.Second

// tcpFirst ranks the addresses of one peer: TCP ones at once, QUIC ones after
// quicDelay, and within each kind as libp2p would (IPv6 and IPv4 in turn).
func tcpFirst(addrs []multiaddr.Multiaddr) []network.AddrDelay {
	var tcp, other []multiaddr.Multiaddr
	for _, a := range addrs {
		if _, err := a.ValueForProtocol(multiaddr.P_TCP); err == nil {
			tcp = append(tcp, a)
		} else {
			other = append(other, a)
		}
	}
	later := swarm.DefaultDialRanker(other)
	if len(tcp) > 0 {
		for i := range later {
			later[i].Delay += quicDelay
		}
	}
	return append(swarm.DefaultDialRanker(tcp), later...)
}
