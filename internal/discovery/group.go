package discovery

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// port is mDNS's.
const port = 5353

// socket is the mDNS group of one family of addresses. It is shared with whatever else on this machine does
// mDNS.
type socket struct {
	*net.UDPConn
	group *net.UDPAddr
	// The options that golang.org/x/net sets in the same words for both families.
	options interface {
		JoinGroup(*net.Interface, net.Addr) error
		SetMulticastInterface(*net.Interface) error
	}
	joined map[int]bool // by the index of the interface
}

func listen4() (*socket, error) {
	group := &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: port}
	conn, err := net.ListenUDP("udp4", group)
	if err != nil {
		return nil, err
	}
	options := ipv4.NewPacketConn(conn)
	return &socket{conn, group, options, make(map[int]bool)}, options.SetMulticastTTL(255) // RFC 6762, section 11
}

func listen6() (*socket, error) {
	group := &net.UDPAddr{IP: net.ParseIP("ff02::fb"), Port: port}
	conn, err := net.ListenUDP("udp6", group)
	if err != nil {
		return nil, err
	}
	options := ipv6.NewPacketConn(conn)
	return &socket{conn, group, options, make(map[int]bool)}, options.SetMulticastHopLimit(255)
}

// join makes packets to the group arrive that come through i. To join again is an error, another one on each
// system, and the only way to learn that the interface is a new one of the old number.
func (s *socket) join(i *iface) error {
	err := s.options.JoinGroup(&i.Interface, s.group)
	if err == nil {
		s.joined[i.Index] = true
	}
	if s.joined[i.Index] {
		return nil
	}
	return err
}

// ErrNoMulticast reports that no network of this machine lets it speak to a group.
var ErrNoMulticast = errors.New("no network interface does multicast")

// group is both sockets on all interfaces, as they are now. An error of one family or one interface stands
// in nobody's way as long as there is another.
type group struct {
	receive func(packet []byte, from netip.AddrPort) // called by several goroutines
	readers sync.WaitGroup

	mu      sync.Mutex // guards what follows
	ifaces  []iface
	sockets [2]*socket
}

// refresh looks at the interfaces again. It returns ErrNoMulticast, joined with what the system says, when
// there is none.
func (g *group) refresh() error {
	ifaces, err := interfaces()
	if err != nil {
		return errors.Join(ErrNoMulticast, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	err = nil
	for n, listen := range []func() (*socket, error){listen4, listen6} {
		err = errors.Join(err, g.open(n, listen))
	}
	joined := slices.DeleteFunc(ifaces, func(i iface) bool {
		ok := false
		for _, s := range g.sockets {
			if s != nil {
				failed := s.join(&i)
				err = errors.Join(err, failed)
				ok = ok || failed == nil
			}
		}
		return !ok
	})
	g.ifaces = joined
	if len(joined) == 0 {
		return errors.Join(ErrNoMulticast, err)
	}
	return nil
}

// open opens a socket unless it is open, and reads from it until it is closed or fails.
func (g *group) open(n int, listen func() (*socket, error)) error {
	if g.sockets[n] != nil {
		return nil
	}
	s, err := listen()
	if err != nil {
		if s != nil {
			s.Close()
		}
		return err
	}
	g.sockets[n] = s
	g.readers.Go(func() {
		g.read(s)
		g.mu.Lock()
		defer g.mu.Unlock()
		s.Close()
		if g.sockets[n] == s {
			g.sockets[n] = nil // for refresh to open anew
		}
	})
	return nil
}

func (g *group) read(s *socket) {
	buf := make([]byte, maxPacket+1)
	for {
		n, from, err := s.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if n <= maxPacket && len(g.at(from.Addr())) > 0 {
			g.receive(buf[:n], from)
		}
	}
}

// at returns the interfaces on whose networks ip is.
func (g *group) at(ip netip.Addr) (ifaces []iface) {
	for _, i := range g.joined() {
		if i.onLink(ip) {
			ifaces = append(ifaces, i)
		}
	}
	return ifaces
}

// joined returns the interfaces that packets go through.
func (g *group) joined() []iface {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ifaces
}

// send sends packet through i, to the groups of both families. It succeeds when one was sent.
func (g *group) send(i iface, packet []byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	var failed error
	sent := false
	for _, s := range g.sockets {
		if s == nil {
			continue
		}
		err := s.options.SetMulticastInterface(&i.Interface)
		if err == nil {
			_, err = s.WriteToUDP(packet, s.group)
		}
		sent = sent || err == nil
		failed = errors.Join(failed, err)
	}
	if sent {
		return nil
	}
	return errors.Join(ErrNoMulticast, failed)
}

// close ends everything and waits for the readers. refresh begins anew.
func (g *group) close() {
	g.mu.Lock()
	g.ifaces = nil
	for n, s := range g.sockets {
		if s != nil {
			s.Close()
			g.sockets[n] = nil
		}
	}
	g.mu.Unlock()
	g.readers.Wait()
}
