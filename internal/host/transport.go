package host

import (
	"context"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"net"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	libp2pquic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/quicreuse"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/quic-go/quic-go"
)

// window is how much a sender may have under way on one stream towards the side
// that dialled. yamux gives back what has been read only when it is half of the
// window, so half is what a sender can count on in each round trip: 120 MB/s at
// 100 ms. It does not grow, because yamux's tuning of it gets stuck near 512 KiB
// on real links (go-yamux issue 136).
const window = 24 << 20

// muxer gives the side that dialled, and that receives the content, the large
// window. yamux charges a stream to the limits with 256 KiB whatever its window
// is, so the side that anybody can connect to keeps to that, and yamux's tuning
// of it, which is charged. The side that dialled has few places for the streams
// of its peer, to which yamux gives the large window too.
type muxer struct{ dialled, accepted *yamux.Transport }

func newMuxer() muxer {
	config := *yamux.DefaultTransport.Config()
	config.InitialStreamWindowSize, config.MaxStreamWindowSize = window, window
	return muxer{dialled: (*yamux.Transport)(&config), accepted: yamux.DefaultTransport}
}

// NewConn makes a connection carry streams.
func (m muxer) NewConn(c net.Conn, isServer bool, scope network.PeerScope) (network.MuxedConn, error) {
	transport := m.dialled
	if isServer {
		transport = m.accepted
	}
	limitUnsent(c)
	q := &queue{}
	socket := &pacedSocket{Conn: c, queue: q, began: time.Now()}
	muxed, err := transport.NewConn(socket, isServer, scope)
	if err != nil {
		return nil, err
	}
	conn := &pacedConn{MuxedConn: muxed, queue: q, socket: socket}
	if !isServer {
		conn.places = newPlaces(muxed)
	}
	return conn, nil
}

// handshakeTimeout is how long a connection that was accepted may take until
// its key is proven.
const handshakeTimeout = 10 * time.Second

// addTransports teaches s TCP and QUIC. The UDP sockets belong to what it
// returns, to be closed after s.
func addTransports(s *swarm.Swarm, gater welcome, seed ed25519.PrivateKey, key crypto.PrivKey) (*quicreuse.ConnManager, error) {
	if err := addTCP(s, gater, key); err != nil {
		return nil, err
	}
	return addQUIC(s, gater, seed, key)
}

func addTCP(s *swarm.Swarm, gater welcome, key crypto.PrivKey) error {
	muxers := []upgrader.StreamMuxer{{ID: yamux.ID, Muxer: newMuxer()}}
	tls, err := libp2ptls.New(libp2ptls.ID, key, muxers)
	if err != nil {
		return err
	}
	up, err := upgrader.New([]sec.SecureTransport{tls}, muxers, nil, s.ResourceManager(), gater,
		upgrader.WithAcceptTimeout(handshakeTimeout))
	if err != nil {
		return err
	}
	// With its port reused for dialling, a listener would also share the port
	// silently with a second process, which then gets half of the connections.
	t, err := tcp.NewTCPTransport(up, s.ResourceManager(), nil, tcp.DisableReuseport())
	if err != nil {
		return err
	}
	return s.AddTransport(t)
}

func addQUIC(s *swarm.Swarm, gater welcome, seed ed25519.PrivateKey, key crypto.PrivKey) (*quicreuse.ConnManager, error) {
	var reset quic.StatelessResetKey
	var token quic.TokenGeneratorKey
	if err := derive(reset[:], seed, "certexch quic stateless reset"); err != nil {
		return nil, err
	}
	if err := derive(token[:], seed, "certexch quic address token"); err != nil {
		return nil, err
	}
	udp, err := quicreuse.NewConnManager(reset, token,
		quicreuse.ConnContext(countFirst(s.ResourceManager())),
		quicreuse.VerifySourceAddress(s.ResourceManager().VerifySourceAddress))
	if err != nil {
		return nil, err
	}
	t, err := libp2pquic.NewTransport(key, udp, nil, gater, s.ResourceManager())
	if err != nil {
		return nil, err
	}
	return udp, s.AddTransport(t)
}

// derive fills dst with a secret that only the holder of the key can make and
// that outlives a restart: a restarted host can tell its peers at once that
// their old connections are gone.
func derive(dst []byte, key ed25519.PrivateKey, label string) error {
	secret, err := hkdf.Key(sha256.New, key.Seed(), nil, label, len(dst))
	copy(dst, secret)
	return err
}

// countFirst charges an incoming QUIC connection to the limits before its
// handshake. libp2p.New does the same; the QUIC transport alone counts it only
// afterwards.
func countFirst(limits network.ResourceManager) func(context.Context, *quic.ClientInfo) (context.Context, error) {
	return func(ctx context.Context, client *quic.ClientInfo) (context.Context, error) {
		addr, err := quicreuse.ToQuicMultiaddr(client.RemoteAddr, quic.Version1)
		if err != nil {
			return ctx, err
		}
		scope, err := limits.OpenConnection(network.DirInbound, false, addr)
		if err != nil {
			return ctx, err
		}
		context.AfterFunc(ctx, scope.Done)
		return network.WithConnManagementScope(ctx, scope), nil
	}
}
