package host

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"sync"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// door counts connections and, when there are too many, ends one of those that have come in and that
// nobody has asked to keep. Whoever only opens connections and says nothing then keeps nobody out: the
// limits of libp2p alone would turn away whoever comes last.
type door struct {
	network.ResourceManager
	most        int // connections
	mostNew     int // newcomers
	mostUnknown int // newcomers over QUIC in their handshake, which cannot be ended

	mu        sync.Mutex // guards what follows; never held while something is closed
	open      int
	newcomers []*arrival           // that nobody has asked to keep, in the order of their coming
	accepted  map[string]io.Closer // TCP connections on their way from the gater to the limits, by address
	known     map[peer.ID]int      // connections that somebody has asked to keep
	strangers map[peer.ID]*stranger
	streams   int // that strangers have opened, but for the next

	dialledStreams int // that those strangers have opened which were only dialled
}

// arrival is the scope of one connection, as libp2p passes it on.
type arrival struct {
	network.ConnManagementScope
	door *door
	from netip.Prefix

	// Guarded by the door's mu.
	connection io.Closer // nil: cannot be ended yet
	peer       peer.ID   // once it is proven
	dialled    bool      // by this side, which says nothing of the peer
	kept, left bool
}

// Keep says that the connection's peer has proven that it may have one: it is not ended any more to make
// room for others, and its streams are not counted as a stranger's. Connections that this side has opened are
// never ended for others, but their peers have proven as little.
func Keep(c network.Conn) {
	if a, ok := c.Scope().(*arrival); ok {
		a.door.keep(a)
	}
	var paced *pacedConn
	if c.As(&paced) {
		paced.places.openAll()
	}
}

// accept remembers a connection that was accepted, for the moment when it is counted.
func (d *door) accept(c network.ConnMultiaddrs) {
	connection, ok := c.(io.Closer)
	if !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	// A QUIC connection was counted before its handshake, a TCP connection will be next.
	counted, ok := c.(interface{ Scope() network.ConnScope })
	if !ok {
		d.accepted[c.RemoteMultiaddr().String()] = connection
	} else if a, ok := counted.Scope().(*arrival); ok {
		a.connection = connection
	}
}

// OpenConnection counts a connection, and makes room for it if it may and must.
func (d *door) OpenConnection(dir network.Direction, usefd bool, endpoint multiaddr.Multiaddr) (network.ConnManagementScope, error) {
	a := &arrival{door: d, from: placeOf(endpoint), dialled: dir == network.DirOutbound}
	if dir == network.DirInbound {
		a.connection = d.take(endpoint)
	}
	scope, err := d.ResourceManager.OpenConnection(dir, usefd, endpoint)
	if err != nil {
		return nil, err
	}
	a.ConnManagementScope = scope
	victim, err := d.enter(a)
	if err != nil {
		scope.Done()
		return nil, err
	}
	if victim != nil {
		_ = victim.Close()
	}
	return a, nil
}

// take returns the connection that was accepted from the address.
func (d *door) take(endpoint multiaddr.Multiaddr) io.Closer {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := endpoint.String()
	connection := d.accepted[key]
	delete(d.accepted, key)
	return connection
}

// enter lets a connection in, and returns the one to be ended for it, if there must be one.
func (d *door) enter(a *arrival) (victim io.Closer, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !a.dialled && a.connection == nil && d.unknown() >= d.mostUnknown {
		return nil, fmt.Errorf("too many handshakes: %w", network.ErrResourceLimitExceeded)
	}
	if d.open >= d.most || !a.dialled && len(d.newcomers) >= d.mostNew {
		v := d.victim()
		if v == nil {
			return nil, fmt.Errorf("too many connections: %w", network.ErrResourceLimitExceeded)
		}
		victim = v.connection
		d.leave(v)
	}
	d.open++
	if !a.dialled {
		d.newcomers = append(d.newcomers, a)
	}
	return victim, nil
}

func (d *door) unknown() (n int) {
	for _, a := range d.newcomers {
		if a.connection == nil {
			n++
		}
	}
	return n
}

// victim is the oldest newcomer of the network from which most have come. Thus who holds many connections
// is the one to lose some, and who has come a moment ago has time to prove itself.
func (d *door) victim() (victim *arrival) {
	from := make(map[netip.Prefix]int)
	for _, a := range d.newcomers {
		from[a.from]++
	}
	for _, a := range d.newcomers {
		if a.connection != nil && (victim == nil || from[a.from] > from[victim.from]) {
			victim = a
		}
	}
	return victim
}

// leave forgets a connection.
func (d *door) leave(a *arrival) {
	if a.left {
		return
	}
	a.left = true
	d.open--
	d.forget(a)
	if a.kept {
		d.part(a.peer)
	}
}

// forget makes a connection one that is kept, or that has ended.
func (d *door) forget(a *arrival) {
	if i := slices.Index(d.newcomers, a); i >= 0 {
		d.newcomers = slices.Delete(d.newcomers, i, i+1)
	}
}

func (d *door) keep(a *arrival) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if a.kept || a.left {
		return
	}
	a.kept = true
	d.forget(a)
	d.meet(a.peer)
}

// SetPeer is called when the key of the peer is proven.
func (a *arrival) SetPeer(p peer.ID) error {
	if err := a.ConnManagementScope.SetPeer(p); err != nil {
		return err
	}
	a.door.mu.Lock()
	defer a.door.mu.Unlock()
	a.peer = p
	return nil
}

// Done is called when the connection has ended.
func (a *arrival) Done() {
	a.door.mu.Lock()
	a.door.leave(a)
	a.door.mu.Unlock()
	a.ConnManagementScope.Done()
}

// placeOf is what counts as one place: an IPv4 address, or what one customer has of IPv6.
func placeOf(a multiaddr.Multiaddr) netip.Prefix {
	ip, err := manet.ToIP(a)
	if err != nil {
		return netip.Prefix{}
	}
	addr, _ := netip.AddrFromSlice(ip)
	bits := bitsIPv4
	if addr = addr.Unmap(); addr.Is6() {
		bits = bitsIPv6
	}
	prefix, _ := addr.Prefix(bits) // of lengths that addresses have
	return prefix
}

// welcome is the gater of a host with a door.
type welcome struct {
	directOnly
	door *door
}

// InterceptAccept is asked of each connection that comes in.
func (w welcome) InterceptAccept(c network.ConnMultiaddrs) bool {
	if !w.directOnly.InterceptAccept(c) {
		return false
	}
	w.door.accept(c)
	return true
}
