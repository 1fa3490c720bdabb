package host

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/quic-go/quic-go"
)

// C12: a site behind one address connects, all at once; more than its share
// does not.
func TestC12ManyTerminalsBehindOneAddress(t *testing.T) {
	for _, ip := range []string{"/ip4/203.0.113.7", "/ip6/2001:db8::7"} {
		limits, err := newLimits(10*connsPerAddress, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer limits.Close()
		open := 0
		for i := range 2 * connsPerAddress {
			if connect(limits, ip, peer.ID(fmt.Sprint("terminal ", i))) == nil {
				open++
			}
		}
		if open != connsPerAddress {
			t.Errorf("%d connections from %s", open, ip)
		}
	}
}

func TestManyCommandsOfOneTerminal(t *testing.T) {
	limits, err := newLimits(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer limits.Close()
	open := 0
	for range 2 * connsPerPeer {
		if connect(limits, "/ip4/203.0.113.7", "one terminal") == nil {
			open++
		}
	}
	if open != connsPerPeer {
		t.Errorf("%d connections", open)
	}
}

func connect(limits *door, ip string, p peer.ID) error {
	f := &fake{addr: addrs(ip + "/tcp/4001")[0]}
	limits.accept(f)
	c, err := limits.OpenConnection(network.DirInbound, true, f.addr)
	if err != nil {
		return err
	}
	if err := c.SetPeer(p); err != nil {
		c.Done()
		return err
	}
	return nil
}

// A connection too many, where all are kept, is turned away before the work of a handshake, over
// QUIC too.
func TestMaxConns(t *testing.T) {
	for _, listen := range []string{anyTCP, anyQUIC} {
		server := newHost(t, Config{Listen: addrs(listen), MaxConns: 2, Setup: keepAll})
		for range 2 {
			if err := newHost(t, Config{}).Connect(soon(t), info(server)); err != nil {
				t.Fatal(err)
			}
		}
		err := newHost(t, Config{}).Connect(soon(t), info(server))
		if err == nil {
			t.Errorf("%s: a third connection", listen)
		}
		var refused *quic.TransportError
		if listen == anyQUIC && !(errors.As(err, &refused) && refused.ErrorCode == quic.ConnectionRefused) {
			t.Errorf("after the handshake: %v", err)
		}
	}
}

// F7: where few files may be open, connections leave some for what they ask for.
func TestF7FewFiles(t *testing.T) {
	for files, want := range map[int]int{64: 16, 1024: 496, 20: 1, math.MaxInt32: (math.MaxInt32 - ownFiles) / 2} {
		if got := fitting(files); got != want {
			t.Errorf("%d connections with %d files", got, files)
		}
	}
}
