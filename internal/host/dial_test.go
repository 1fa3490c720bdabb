package host

import (
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

func TestTCPIsDialledBeforeQUIC(t *testing.T) {
	const (
		tcp4  = "/ip4/198.51.100.7/tcp/4001"
		tcp6  = "/ip6/2001:db8::7/tcp/4001"
		quic4 = "/ip4/198.51.100.7/udp/4001/quic-v1"
		quic6 = "/ip6/2001:db8::7/udp/4001/quic-v1"
	)
	for _, c := range []struct {
		addrs []string
		first string
		delay map[string]time.Duration
	}{
		{[]string{quic4, tcp4}, tcp4, map[string]time.Duration{tcp4: 0, quic4: quicDelay}},
		{[]string{quic6, quic4, tcp4, tcp6}, tcp6, map[string]time.Duration{tcp6: 0, quic6: quicDelay}},
		{[]string{quic4}, quic4, map[string]time.Duration{quic4: 0}},
		{nil, "", nil},
	} {
		ranked := tcpFirst(addrs(c.addrs...))
		if len(ranked) != len(c.addrs) {
			t.Errorf("%s: %d addresses ranked", c.addrs, len(ranked))
		}
		for i, r := range ranked {
			if i == 0 && r.Addr.String() != c.first {
				t.Errorf("%s: %s comes first", c.addrs, r.Addr)
			}
			if want, ok := c.delay[r.Addr.String()]; ok && r.Delay != want {
				t.Errorf("%s: %s after %s, want %s", c.addrs, r.Addr, r.Delay, want)
			}
		}
	}
}

func TestConnectionIsTCPWhereBothAnswer(t *testing.T) {
	server := newHost(t, Config{Listen: addrs(anyQUIC, anyTCP)})
	if got := dialled(t, info(server).Addrs, server); !has(got, multiaddr.P_TCP) {
		t.Errorf("connected over %s", got)
	}
}

func TestQUICWhereTCPIsClosed(t *testing.T) {
	server := newHost(t, Config{Listen: addrs(anyQUIC)})
	hints := append(addrs(freeTCP(t)), info(server).Addrs...)
	if got := dialled(t, hints, server); !has(got, multiaddr.P_QUIC_V1) {
		t.Errorf("connected over %s", got)
	}
}

// dialled connects a new host to the server by the hints, and returns the
// address that it used.
func dialled(t *testing.T, hints []multiaddr.Multiaddr, server host.Host) multiaddr.Multiaddr {
	t.Helper()
	client := newHost(t, Config{})
	if err := client.Connect(soon(t), peer.AddrInfo{ID: server.ID(), Addrs: hints}); err != nil {
		t.Fatal(err)
	}
	return client.Network().ConnsToPeer(server.ID())[0].RemoteMultiaddr()
}

func has(a multiaddr.Multiaddr, protocol int) bool {
	_, err := a.ValueForProtocol(protocol)
	return err == nil
}
