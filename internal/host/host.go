package host

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/protocol"
	basichost "github.com/libp2p/go-libp2p/p2p/host/basic"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/host/peerstore/pstoremem"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/multiformats/go-multiaddr"
)

// protocolVersion is what identify tells peers about the family of protocols
// spoken here. It decides nothing.
const protocolVersion = "certexch/1"

// Config says what host to make. It must not be modified after New.
type Config struct {
	// Key is the terminal's signing key, the one that its certificate names.
	// The peer ID follows from it.
	Key ed25519.PrivateKey

	// Listen holds the addresses to listen on, /ip4 or /ip6 with /tcp/PORT or
	// /udp/PORT/quic-v1; port 0 lets the system choose. Empty: nobody can
	// connect to this host, it only dials.
	Listen []multiaddr.Multiaddr

	// Setup is called with the host before its first listener opens. Stream
	// handlers belong here: then no peer ever meets a host without them.
	// Optional.
	Setup func(host.Host)

	// UserAgent is the program and version that identify shows to any peer.
	// Optional.
	UserAgent string

	// MaxConns bounds the connections of this host, in and out together.
	// When there are as many, one that came in and is not kept (see Keep) is
	// ended for each that opens; if all are kept, none opens. Zero or less
	// means DefaultMaxConns. Where the system lets the process have few files
	// open, there are fewer.
	MaxConns int

	// MaxStreams bounds, for each protocol in it, the streams that one peer may
	// have open, in and out together. Optional.
	MaxStreams map[protocol.ID]int
}

// New returns a running host that listens on every address of c.Listen. If it
// cannot listen on one of them it listens on none, and the error is a
// *ListenError.
func New(c Config) (host.Host, error) {
	h, err := assemble(c)
	if err != nil {
		return nil, fmt.Errorf("making a libp2p host: %w", err)
	}
	if c.Setup != nil {
		c.Setup(h)
	}
	if err := listen(h.swarm, c.Listen); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// directHost is a libp2p host that neither follows nor announces a way through
// a relay.
type directHost struct {
	*basichost.BasicHost
	swarm    *swarm.Swarm
	closeUDP func() error
}

func assemble(c Config) (*directHost, error) {
	key, err := crypto.UnmarshalEd25519PrivateKey(c.Key)
	if err != nil {
		return nil, err
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return nil, err
	}
	peers, err := newPeerstore(id, key)
	if err != nil {
		return nil, err
	}
	limits, err := newLimits(c.MaxConns, c.MaxStreams)
	if err != nil {
		return nil, err
	}
	gater := welcome{door: limits}
	bus := eventbus.NewBus()
	s, err := swarm.NewSwarm(id, peers, bus,
		swarm.WithConnectionGater(gater),
		swarm.WithResourceManager(limits),
		swarm.WithDialRanker(tcpFirst),
		// The detectors stop dialling UDP or IPv6 altogether once most dials
		// fail, as they do in a small network whose terminals are often off.
		swarm.WithUDPBlackHoleSuccessCounter(nil),
		swarm.WithIPv6BlackHoleSuccessCounter(nil))
	if err != nil {
		return nil, err
	}
	udp, err := addTransports(s, gater, c.Key, key)
	if err != nil {
		return nil, err
	}
	h, err := basichost.NewHost(s, &basichost.HostOpts{
		EventBus:        bus,
		AddrsFactory:    directAddrs,
		UserAgent:       c.UserAgent,
		ProtocolVersion: protocolVersion,
	})
	if err != nil {
		return nil, err
	}
	s.SetStreamHandler(resetRelayed(s.StreamHandler()))
	h.Start()
	return &directHost{h, s, sync.OnceValue(udp.Close)}, nil
}

// newPeerstore remembers peers in memory only. libp2p wants to find the host's
// own key in it.
func newPeerstore(id peer.ID, key crypto.PrivKey) (peerstore.Peerstore, error) {
	peers, err := pstoremem.NewPeerstore()
	if err != nil {
		return nil, err
	}
	if err := peers.AddPrivKey(id, key); err != nil {
		return nil, err
	}
	return peers, peers.AddPubKey(id, key.GetPublic())
}

// Connect is the host's Connect. Relayed addresses among the hints are ignored;
// if there are no others, the error is ErrRelayed.
func (h *directHost) Connect(ctx context.Context, to peer.AddrInfo) error {
	addrs, err := Direct(to.Addrs)
	if err != nil {
		return err
	}
	return h.BasicHost.Connect(ctx, peer.AddrInfo{ID: to.ID, Addrs: addrs})
}

// Close ends every connection and listener, then the UDP sockets under them. A
// second Close does nothing.
func (h *directHost) Close() error {
	return errors.Join(h.BasicHost.Close(), h.closeUDP())
}
