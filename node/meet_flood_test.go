package node_test

import (
	"context"
	"crypto/ed25519"
	"net"
	"sync"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/internal/discovery"
	"github.com/certexch/certexch/internal/nettest"
	"github.com/certexch/certexch/node"
)

// TestC11FewOfManyAreDialled: somebody who poses as forty terminals is dialled sixteen times, and not at all
// while the one that is looked for is known and answers.
func TestC11FewOfManyAreDialled(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	_, nas, desk := pair(t)
	address, accepted := trap(t)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	for range 40 {
		fake := discovery.Advertisement{
			TrustDomain: nas.identity.TrustDomain(), Peer: someone(t),
			Listen: func() []multiaddr.Multiaddr { return []multiaddr.Multiaddr{address} },
		}
		running.Go(func() { discovery.Advertise(ctx, fake) })
	}
	if f := node.Explain(command(t, desk, nas)); f.Code != node.CodeUnreachable {
		t.Errorf("%+v", f)
	}
	if n := accepted(); n == 0 || n > 16 {
		t.Errorf("%d were dialled", n)
	}
	addrs := nas.serve()
	wantReason(t, command(t, desk, nas, addrs...), "")
	before := accepted()
	wantReason(t, command(t, desk, nas), "")
	if n := accepted() - before; n > 0 {
		t.Errorf("%d were dialled for one that was known", n)
	}
}

// trap listens, counts who comes, and sends them away.
func trap(t *testing.T) (at multiaddr.Multiaddr, accepted func() int) {
	t.Helper()
	l, err := net.Listen("tcp", "10.77.0.1:0")
	check(t, err)
	var mu sync.Mutex
	n := 0
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			n++
			mu.Unlock()
			_ = conn.Close()
		}
	})
	t.Cleanup(func() { l.Close(); accepting.Wait() })
	accepted = func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
	return multiaddr.StringCast("/ip4/10.77.0.1/tcp/" + itoa(l.Addr().(*net.TCPAddr).Port)), accepted
}

// someone is the peer ID of a new key.
func someone(t *testing.T) peer.ID {
	t.Helper()
	public, _, err := ed25519.GenerateKey(nil)
	check(t, err)
	key, err := crypto.UnmarshalEd25519PublicKey(public)
	check(t, err)
	id, err := peer.IDFromPublicKey(key)
	check(t, err)
	return id
}
