package host

import (
	"crypto/tls"
	"testing"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/multiformats/go-multistream"
	"github.com/quic-go/quic-go"
)

// B9: a peer that cannot speak TLS is not spoken to, whoever dials.
func TestB9NothingButTLS(t *testing.T) {
	for name, security := range map[string]libp2p.Option{
		"noise":     libp2p.Security(noise.ID, noise.New),
		"plaintext": libp2p.NoSecurity,
	} {
		t.Run(name, func(t *testing.T) {
			weak := newPlain(t, libp2p.Transport(tcp.NewTCPTransport), security)
			ours := newHost(t, Config{Listen: addrs(anyTCP)})
			expectRefused(t, weak, ours)
			expectRefused(t, ours, weak)
		})
	}
	t.Run("tls", func(t *testing.T) {
		strong := newPlain(t, libp2p.Security(libp2ptls.ID, libp2ptls.New))
		ours := newHost(t, Config{Listen: addrs(anyTCP)})
		if err := strong.Connect(soon(t), info(ours)); err != nil {
			t.Error(err)
		}
	})
}

func expectRefused(t *testing.T, from, to host.Host) {
	t.Helper()
	if err := from.Connect(soon(t), info(to)); err == nil {
		t.Error("connected")
	}
	if len(from.Network().Conns())+len(to.Network().Conns()) > 0 {
		t.Error("a connection stands")
	}
}

func TestPostQuantumKeysOverQUIC(t *testing.T) {
	server := newHost(t, Config{Listen: addrs(anyQUIC)})
	client := newHost(t, Config{})
	if err := client.Connect(soon(t), info(server)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []network.Conn{
		client.Network().ConnsToPeer(server.ID())[0],
		server.Network().ConnsToPeer(client.ID())[0],
	} {
		var q *quic.Conn
		if !c.As(&q) {
			t.Fatal("not a QUIC connection")
		}
		expectPostQuantum(t, q.ConnectionState().TLS)
	}
}

// The TLS under TCP is out of sight behind yamux, so the other end is made by
// hand here: once as the client, once as the server.
func TestPostQuantumKeysOverTCP(t *testing.T) {
	key, err := crypto.UnmarshalEd25519PrivateKey(newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := libp2ptls.NewIdentity(key)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("dialled", func(t *testing.T) {
		ours := newHost(t, Config{Listen: addrs(anyTCP)})
		c, err := manet.Dial(info(ours).Addrs[0])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := multistream.SelectProtoOrFail[string](libp2ptls.ID, c); err != nil {
			t.Fatal(err)
		}
		config, _ := identity.ConfigForPeer(ours.ID())
		handshake(t, tls.Client(c, config))
	})

	t.Run("dialling", func(t *testing.T) {
		l, err := manet.Listen(addrs(anyTCP)[0])
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ours := newHost(t, Config{})
		go ours.Connect(soon(t), peer.AddrInfo{ID: id, Addrs: []multiaddr.Multiaddr{l.Multiaddr()}})
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		mux := multistream.NewMultistreamMuxer[string]()
		mux.AddHandler(libp2ptls.ID, nil)
		if _, _, err := mux.Negotiate(c); err != nil {
			t.Fatal(err)
		}
		config, _ := identity.ConfigForPeer(ours.ID())
		handshake(t, tls.Server(c, config))
	})
}

func handshake(t *testing.T, c *tls.Conn) {
	t.Helper()
	if err := c.HandshakeContext(soon(t)); err != nil {
		t.Fatal(err)
	}
	expectPostQuantum(t, c.ConnectionState())
}

func expectPostQuantum(t *testing.T, state tls.ConnectionState) {
	t.Helper()
	if state.CurveID != tls.X25519MLKEM768 {
		t.Errorf("keys agreed by %s", state.CurveID)
	}
	if state.Version != tls.VersionTLS13 {
		t.Errorf("version %s", tls.VersionName(state.Version))
	}
}
