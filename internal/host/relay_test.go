package host

import (
	"errors"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	"github.com/multiformats/go-multiaddr"
)

// The relays of C10. One without limits marks no connection as limited, so
// nothing but the addresses gives it away.
var relays = map[string][]relay.Option{
	"default limits": nil,
	"no limits":      {relay.WithInfiniteLimits()},
}

// The test means something only if these relays do carry streams between
// terminals that let them.
func TestC10TheRelaysWorkForOthers(t *testing.T) {
	for name, options := range relays {
		t.Run(name, func(t *testing.T) {
			r := newRelay(t, options...)
			server, asker := newPlain(t), newPlain(t)
			streams := countStreams(server)
			reserve(t, server, r)
			if !reach(t, asker, through(r, server.ID())) || len(streams) != 1 {
				t.Fatalf("no relay: %d streams", len(streams))
			}
			conn := asker.Network().ConnsToPeer(server.ID())[0]
			if conn.Stat().Limited == (name == "no limits") {
				t.Errorf("limited: %v", conn.Stat().Limited)
			}
			if !Relayed(conn) {
				t.Errorf("not recognised as relayed: %s", conn.RemoteMultiaddr())
			}
		})
	}
}

func TestC10NotReachableThroughARelay(t *testing.T) {
	for name, options := range relays {
		for kind, tamper := range tamperings {
			t.Run(name+", "+kind, func(t *testing.T) {
				r, asker := newRelay(t, options...), newPlain(t)
				ours := newHost(t, Config{Listen: addrs(anyTCP)})
				streams := countStreams(ours)
				tamper(t, ours)
				reserve(t, ours, r)
				if reach(t, asker, through(r, ours.ID())) {
					t.Error("reached through the relay")
				}
				expectUntouched(t, ours, asker.ID(), streams)
			})
		}
	}
}

func TestC10DialsNobodyThroughARelay(t *testing.T) {
	for name, options := range relays {
		for kind, tamper := range tamperings {
			t.Run(name+", "+kind, func(t *testing.T) {
				r, server := newRelay(t, options...), newPlain(t)
				streams := countStreams(server)
				reserve(t, server, r)
				ours := newHost(t, Config{Listen: addrs(anyTCP)})
				tamper(t, ours)
				to := through(r, server.ID())
				if err := ours.Connect(soon(t), to); !errors.Is(err, ErrRelayed) {
					t.Errorf("Connect: %v", err)
				}
				ours.Peerstore().AddAddrs(to.ID, to.Addrs, peerstore.PermanentAddrTTL)
				if reach(t, ours, peer.AddrInfo{ID: to.ID}) {
					t.Error("reached through the relay by an address in the peerstore")
				}
				expectUntouched(t, ours, server.ID(), streams)
			})
		}
	}
}

// tamperings take away, one by one, what stands before the inner layers: each
// must hold alone.
var tamperings = map[string]func(*testing.T, host.Host){
	"as made": func(*testing.T, host.Host) {},
	"with a circuit transport": func(t *testing.T, h host.Host) {
		addCircuit(t, h, directOnly{})
	},
	"with a circuit transport that asks no gater": func(t *testing.T, h host.Host) {
		addCircuit(t, h, nil)
	},
}

// Each stage is tested by itself: over real connections the first that refuses
// hides the others.
func TestEveryStageRefusesRelayedConnections(t *testing.T) {
	const straight, bent = "/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.1/tcp/1/p2p-circuit"
	host := newHost(t, Config{}).Network().(*swarm.Swarm)
	for _, c := range []struct {
		local, remote string
		relayed       bool
	}{
		{straight, straight, false},
		{straight, bent, true},
		{bent, straight, true},
	} {
		conn := conn{local: c.local, remote: c.remote}
		alone, inHost := &stream{conn: conn}, &stream{conn: conn}
		passed := map[string]bool{}
		passed["accepted"] = directOnly{}.InterceptAccept(conn)
		passed["secured"] = directOnly{}.InterceptSecured(network.DirInbound, "", conn)
		passed["upgraded"], _ = directOnly{}.InterceptUpgraded(conn)
		resetRelayed(func(network.Stream) { passed["stream handled"] = true })(alone)
		passed["stream left open"] = !alone.gated
		host.StreamHandler()(inHost)
		passed["stream left open by the host"] = !inHost.gated
		if c.local == straight {
			passed["dialled"] = directOnly{}.InterceptAddrDial("", conn.RemoteMultiaddr())
		}
		for stage, passed := range passed {
			if passed == c.relayed {
				t.Errorf("from %s to %s: %s: %v", c.remote, c.local, stage, passed)
			}
		}
	}
}

func TestRelayedAddressesAreNotAdvertised(t *testing.T) {
	got := directAddrs(addrs(
		"/ip4/192.0.2.1/tcp/1",
		"/ip4/192.0.2.1/tcp/1/p2p/12D3KooWA1bysjrTACSWqf6q172inxvwKHUxAnBtVgaVDKMxpZtx/p2p-circuit",
		"/p2p-circuit"))
	if len(got) != 1 || got[0].String() != "/ip4/192.0.2.1/tcp/1" {
		t.Errorf("left: %s", got)
	}
}

func TestDirectKeepsWhatItCan(t *testing.T) {
	straight, bent := addrs("/ip4/192.0.2.1/tcp/1"), addrs("/ip4/192.0.2.1/tcp/1/p2p-circuit")
	for _, c := range []struct {
		in   []multiaddr.Multiaddr
		want int
		err  error
	}{
		{nil, 0, nil},
		{straight, 1, nil},
		{append(bent, straight...), 1, nil},
		{bent, 0, ErrRelayed},
	} {
		got, err := Direct(c.in)
		if len(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %s, %v", c.in, got, err)
		}
	}
}

// newRelay makes a relay that anyone may use.
func newRelay(t *testing.T, options ...relay.Option) host.Host {
	t.Helper()
	h := newPlain(t)
	// By libp2p's option the service would begin at some later moment.
	service, err := relay.New(h, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { service.Close() })
	return h
}

// newPlain makes a libp2p host such as others have: it relays and lets itself
// be relayed.
func newPlain(t *testing.T, options ...libp2p.Option) host.Host {
	t.Helper()
	h, err := libp2p.New(append(options,
		libp2p.ListenAddrStrings(anyTCP), libp2p.EnableRelay(), libp2p.DisableMetrics())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// reserve makes the relay keep a place for h, at which others may ask for it.
func reserve(t *testing.T, h, relay host.Host) {
	t.Helper()
	if err := h.Connect(soon(t), info(relay)); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Reserve(soon(t), h, info(relay)); err != nil {
		t.Fatal(err)
	}
}

func through(relay host.Host, to peer.ID) peer.AddrInfo {
	addr := info(relay).Addrs[0].String() + "/p2p/" + relay.ID().String() + "/p2p-circuit"
	return peer.AddrInfo{ID: to, Addrs: addrs(addr)}
}

// reach reports whether a connection or a stream to the peer can be opened.
func reach(t *testing.T, from host.Host, to peer.AddrInfo) bool {
	ctx := network.WithAllowLimitedConn(soon(t), "test")
	if err := from.Connect(ctx, to); err != nil {
		return false
	}
	s, err := from.NewStream(ctx, to.ID, hello)
	if err != nil {
		return false
	}
	_, err = s.Write([]byte("hello"))
	if err == nil {
		_, err = s.Read(make([]byte, 1))
	}
	return err == nil
}

func countStreams(h host.Host) <-chan struct{} {
	streams := make(chan struct{}, 16)
	h.SetStreamHandler(hello, func(s network.Stream) {
		streams <- struct{}{}
		s.Write([]byte("!"))
	})
	return streams
}

func expectUntouched(t *testing.T, h host.Host, other peer.ID, streams <-chan struct{}) {
	t.Helper()
	if n := len(h.Network().ConnsToPeer(other)); n != 0 {
		t.Errorf("%d connections to the peer behind the relay", n)
	}
	if n := len(streams); n != 0 {
		t.Errorf("%d application streams", n)
	}
}

// addCircuit gives the host the transport that this package leaves out.
func addCircuit(t *testing.T, h host.Host, gater connmgr.ConnectionGater) {
	t.Helper()
	key := h.Peerstore().PrivKey(h.ID())
	muxers := []upgrader.StreamMuxer{{ID: yamux.ID, Muxer: yamux.DefaultTransport}}
	tls, err := libp2ptls.New(libp2ptls.ID, key, muxers)
	if err != nil {
		t.Fatal(err)
	}
	up, err := upgrader.New([]sec.SecureTransport{tls}, muxers, nil, h.Network().ResourceManager(), gater)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.AddTransport(h, up); err != nil {
		t.Fatal(err)
	}
}

// stream and conn are just enough of the real ones to be judged by address.
type stream struct {
	network.Stream
	conn  conn
	gated bool
}

func (s *stream) Conn() network.Conn          { return s.conn }
func (s *stream) SetDeadline(time.Time) error { return errors.ErrUnsupported }
func (s *stream) Reset() error                { return nil }

func (s *stream) ResetWithError(code network.StreamErrorCode) error {
	s.gated = code == network.StreamGated
	return nil
}

type conn struct {
	network.Conn
	local, remote string
}

func (c conn) LocalMultiaddr() multiaddr.Multiaddr  { return multiaddr.StringCast(c.local) }
func (c conn) RemoteMultiaddr() multiaddr.Multiaddr { return multiaddr.StringCast(c.remote) }
