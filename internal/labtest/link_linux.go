package labtest

import (
	"fmt"
	"net/netip"
	"time"
)

// Conditions are what a link does to frames, in each direction by itself. The zero value does nothing.
type Conditions struct {
	// Delay is how long a frame is under way: the round trip is longer by twice of it.
	Delay time.Duration
	// Jitter is how much longer it may take at most. Frames overtake each other.
	Jitter time.Duration
	// Loss is the share of frames that are lost, from 0 to 1.
	Loss float64
	// Rate is the bytes that pass in a second; 0 is no bound. What would have to wait longer than
	// 200 ms for its turn is lost, as in a router.
	Rate int
}

// Link is the cable between a host and a network.
type Link struct {
	host        *Host
	network     *Network
	device      string // in the host
	number      int
	addr, addr6 netip.Addr
	impaired    *impairment
}

// Addr is the host's IPv4 address on this link.
func (l *Link) Addr() netip.Addr { return l.addr }

// port is the name of the link's end at the switch.
func (l *Link) port() string { return fmt.Sprintf("port%d", l.number) }

// Set makes the link have these conditions from now on, and lets what is under way arrive by the old
// ones. Connections over it stand.
func (l *Link) Set(c Conditions) {
	t := l.host.lab.t
	t.Helper()
	var err error
	switch {
	case c == Conditions{}:
		if l.impaired != nil {
			l.host.lab.switches.ip("link set " + l.port() + " master " + l.network.device())
			l.straighten()
		}
	case l.impaired != nil:
		err = l.impaired.set(c)
	default:
		err = l.bend(c)
	}
	if err != nil {
		t.Fatalf("no conditions for the link of %s: %v", l.host.Name, err)
	}
}

// bend leads the link through a switch and a pair of TAP devices of its own.
func (l *Link) bend(c Conditions) error {
	private := fmt.Sprintf("way%d", l.number)
	near, far := fmt.Sprintf("near%d", l.number), fmt.Sprintf("far%d", l.number)
	s := l.host.lab.switches
	var err error
	if l.impaired, err = s.impair(near, far, c); err != nil {
		return err
	}
	s.ip(
		"link add "+private+" type bridge mcast_snooping 0",
		"link set "+private+" up",
		"link set "+near+" txqueuelen 10000 up master "+private,
		"link set "+far+" txqueuelen 10000 up master "+l.network.device(),
		"link set "+l.port()+" master "+private)
	return nil
}

// straighten removes what bend has made.
func (l *Link) straighten() {
	if l.impaired != nil {
		l.impaired.close()
		l.impaired = nil
		l.host.lab.switches.ip(fmt.Sprintf("link del way%d", l.number))
	}
}

// Down pulls the cable. The host sees that, and keeps its addresses.
func (l *Link) Down() {
	l.host.lab.t.Helper()
	l.host.lab.switches.ip("link set " + l.port() + " down")
}

// Up plugs the cable in.
func (l *Link) Up() {
	l.host.lab.t.Helper()
	l.host.lab.switches.ip("link set " + l.port() + " up")
}
