package host

import (
	"io"
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/x/rate"
)

// DefaultMaxConns is the number of connections that a host may have when its
// configuration does not say.
const DefaultMaxConns = 512

// The limits are numbers, the same on every machine: libp2p would derive them
// from the memory of the host, which in a container is not ours to use.
const (
	memory = 1 << 30 // bytes that libp2p's buffers may take
	files  = 4096    // descriptors

	// One terminal may run many commands beside each other, each with a
	// connection of its own.
	connsPerPeer = 32

	// Connections that came in and that nobody has asked to keep.
	newConns = 256

	// Connections that were ended to make room, and have not noticed yet.
	leavingConns = 64

	// Streams that peers without a kept connection may have open. Of those that
	// came over TCP each has a window of 256 KiB, 32 MiB in all; over QUIC it is
	// up to twice that while nobody reads. One such peer needs three, and a few may
	// wait for its exchange.
	strangersStreams   = 128
	streamsPerStranger = 20

	// The same for peers that this side has dialled, and whose connections are
	// not ended for others: they have a share of their own. Over TCP their
	// windows are the large ones, and places makes them four for each connection.
	dialledStreams = 64

	// Streams that all peers may have open. What bounds them is their memory.
	allStreams = 1 << 14

	// Files that a process has open before anybody connects: listeners, the
	// log, the runtime's.
	ownFiles = 32

	// A whole site may sit behind one address. libp2p allows 8 connections
	// and a new one every 5 s.
	connsPerAddress   = 256
	newConnsPerSecond = 20

	// What counts as one address.
	bitsIPv4, bitsIPv6 = 32, 56
)

// newLimits returns a resource manager for up to maxConns connections, and with
// up to maxStreams streams of a protocol to one peer.
func newLimits(maxConns int, maxStreams map[protocol.ID]int) (*door, error) {
	if maxConns <= 0 {
		maxConns = DefaultMaxConns
	}
	maxConns = min(maxConns, fitting(mostFiles()))
	limits := rcmgr.PartialLimitConfig{
		System:       withStreams(conns(maxConns+leavingConns), allStreams),
		Transient:    withStreams(conns(min(maxConns, newConns)+leavingConns), allStreams),
		PeerDefault:  conns(min(maxConns, connsPerPeer)),
		ProtocolPeer: streams(maxStreams),
	}.Build(rcmgr.DefaultLimits.Scale(memory, files))
	inner, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits),
		rcmgr.WithMetricsDisabled(),
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: bitsIPv4, ConnCount: connsPerAddress}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: bitsIPv6, ConnCount: connsPerAddress}}),
		rcmgr.WithConnRateLimiters(newConnRate()))
	return &door{
		ResourceManager: inner,
		most:            maxConns,
		mostNew:         min(maxConns, newConns),
		mostUnknown:     max(1, min(maxConns, newConns)/4),
		accepted:        make(map[string]io.Closer),
		known:           make(map[peer.ID]int),
		strangers:       make(map[peer.ID]*stranger),
	}, err
}

// fitting is how many connections leave as many files for what is done over them: a connection has a socket, and
// each of its requests that reads has a file. Mostly there are fewer of these than connections. They may be more,
// since a peer may have many requests at once; those that find no file are turned away as too busy.
func fitting(files int) int { return max(1, (files-ownFiles)/2) }

func conns(n int) rcmgr.ResourceLimits {
	l := rcmgr.LimitVal(n)
	return rcmgr.ResourceLimits{Conns: l, ConnsInbound: l, ConnsOutbound: l, FD: l}
}

func withStreams(l rcmgr.ResourceLimits, n int) rcmgr.ResourceLimits {
	l.Streams, l.StreamsInbound, l.StreamsOutbound = rcmgr.LimitVal(n), rcmgr.LimitVal(n), rcmgr.LimitVal(n)
	return l
}

// streams bounds the streams of each protocol. The memory is that of the whole
// peer: which of its streams take it does not matter.
func streams(most map[protocol.ID]int) map[protocol.ID]rcmgr.ResourceLimits {
	limits := make(map[protocol.ID]rcmgr.ResourceLimits)
	for id, n := range most {
		l := rcmgr.LimitVal(n)
		limits[id] = rcmgr.ResourceLimits{Streams: l, StreamsInbound: l, StreamsOutbound: l}
	}
	return limits
}

// newConnRate bounds how fast connections come from one address. A burst may
// fill the address's whole share at once, as after a power cut at a site. The
// machine itself is not bounded.
func newConnRate() *rate.Limiter {
	limit := rate.Limit{RPS: newConnsPerSecond, Burst: connsPerAddress}
	return &rate.Limiter{
		NetworkPrefixLimits: []rate.PrefixLimit{
			{Prefix: netip.MustParsePrefix("127.0.0.0/8")},
			{Prefix: netip.MustParsePrefix("::1/128")},
		},
		SubnetRateLimiter: rate.SubnetLimiter{
			IPv4SubnetLimits: []rate.SubnetLimit{{PrefixLength: bitsIPv4, Limit: limit}},
			IPv6SubnetLimits: []rate.SubnetLimit{{PrefixLength: bitsIPv6, Limit: limit}},
			GracePeriod:      time.Minute,
		},
	}
}
