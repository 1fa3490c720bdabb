package host

import (
	"fmt"
	"testing"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/multiformats/go-multiaddr"
)

// C1: whoever opens connections and proves nothing keeps nobody out.
func TestC1RoomIsMadeForNewcomers(t *testing.T) {
	for _, listen := range []string{anyTCP, anyQUIC} {
		const most, many = 4, 20
		ended := make(chan struct{}, many)
		server := newHost(t, Config{Listen: addrs(listen), MaxConns: most, Setup: func(h host.Host) {
			h.Network().Notify(&network.NotifyBundle{DisconnectedF: func(network.Network, network.Conn) { ended <- struct{}{} }})
		}})
		for range many {
			if err := newHost(t, Config{}).Connect(soon(t), info(server)); err != nil {
				t.Errorf("%s: turned away: %v", listen, err)
			}
		}
		for range many - most {
			select {
			case <-ended:
			case <-soon(t).Done():
				t.Fatalf("%s: %d connections", listen, len(server.Network().Conns()))
			}
		}
		if n := len(server.Network().Conns()); n != most {
			t.Errorf("%s: %d connections", listen, n)
		}
	}
}

// C1: room is never made by ending what is kept.
func TestC1KeptConnectionsStay(t *testing.T) {
	for _, listen := range []string{anyTCP, anyQUIC} {
		server := newHost(t, Config{Listen: addrs(listen), MaxConns: 4, Setup: keepAll})
		kept := newHost(t, Config{Setup: answerHello})
		if err := kept.Connect(soon(t), info(server)); err != nil {
			t.Fatal(err)
		}
		server.Network().StopNotify(keeper)
		for range 20 {
			if err := newHost(t, Config{}).Connect(soon(t), info(server)); err != nil {
				t.Errorf("%s: turned away: %v", listen, err)
			}
		}
		if conns := kept.Network().Conns(); len(conns) != 1 || conns[0].IsClosed() {
			t.Errorf("%s: a kept connection has ended", listen)
		}
	}
}

// keeper keeps every connection.
var keeper = &network.NotifyBundle{ConnectedF: func(_ network.Network, c network.Conn) { Keep(c) }}

func keepAll(h host.Host) { h.Network().Notify(keeper) }

// C1: a flood from a few places costs these places, not one that holds a single connection.
func TestC1TheGreediestLoseFirst(t *testing.T) {
	limits, err := newLimits(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer limits.Close()
	honest := &fake{addr: addrs("/ip4/198.51.100.1/tcp/4001")[0]}
	enter(t, limits, honest)
	var crowd []*fake
	for i := range 4 * newConns {
		f := &fake{addr: addrs(fmt.Sprintf("/ip4/203.0.113.%d/tcp/%d", i%20, 2000+i))[0]}
		enter(t, limits, f)
		crowd = append(crowd, f)
	}
	if honest.closed {
		t.Error("the honest one had to go")
	}
	open := 0
	for i, f := range crowd {
		if !f.closed {
			open++
		}
		if i >= len(crowd)-newConns/2 && f.closed {
			t.Errorf("number %d had to go before older ones", i)
		}
	}
	if open != newConns-1 {
		t.Errorf("%d of the crowd are open", open)
	}
}

// What could not be counted is not remembered: the door holds nothing of who was turned away.
func TestC1NothingIsHeldOfTheRefused(t *testing.T) {
	limits, err := newLimits(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer limits.Close()
	for i := range 2 * connsPerAddress {
		f := &fake{addr: addrs(fmt.Sprintf("/ip4/203.0.113.7/tcp/%d", 2000+i))[0]}
		limits.accept(f)
		scope, err := limits.OpenConnection(network.DirInbound, true, f.addr)
		if err == nil {
			defer scope.Done()
		}
	}
	if len(limits.accepted) != 0 || len(limits.newcomers) > newConns || limits.open != len(limits.newcomers) {
		t.Errorf("%d on their way, %d newcomers, %d open", len(limits.accepted), len(limits.newcomers), limits.open)
	}
}

// enter is what a TCP connection goes through. An ended one leaves when its owner notices, at once here.
func enter(t *testing.T, limits *door, f *fake) {
	t.Helper()
	limits.accept(f)
	scope, err := limits.OpenConnection(network.DirInbound, true, f.addr)
	if err != nil {
		t.Fatal(err)
	}
	f.scope = scope
}

// fake is just enough of a connection to come in and to be ended.
type fake struct {
	addr    multiaddr.Multiaddr
	scope   network.ConnManagementScope
	streams []network.StreamManagementScope
	closed  bool
}

func (f *fake) LocalMultiaddr() multiaddr.Multiaddr  { return f.addr }
func (f *fake) RemoteMultiaddr() multiaddr.Multiaddr { return f.addr }
func (f *fake) Close() error {
	f.closed = true
	for _, s := range f.streams {
		s.Done()
	}
	f.scope.Done()
	return nil
}
