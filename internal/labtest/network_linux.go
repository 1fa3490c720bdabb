package labtest

import (
	"fmt"
	"net/netip"
)

// Network is one segment: a switch, with a range of addresses of each family.
type Network struct {
	lab    *Lab
	name   string
	number int
	hosts  int // that have ever joined
}

// Network returns the network of that name, a new one if there is none. There is no route from one
// network to another.
func (l *Lab) Network(name string) *Network {
	l.t.Helper()
	if n, ok := l.networks[name]; ok {
		return n
	}
	n := &Network{lab: l, name: name, number: len(l.networks)}
	l.networks[name] = n
	l.switches.ip(
		// A switch that knows which port wants which group would hide the first packets to a group.
		"link add "+n.device()+" type bridge mcast_snooping 0",
		"link set "+n.device()+" up")
	return n
}

// device is the name of the bridge.
func (n *Network) device() string { return fmt.Sprintf("lan%d", n.number) }

// Host returns the host of that name. A new one is on this network only; one that exists stays where it is.
func (n *Network) Host(name string) *Host {
	n.lab.t.Helper()
	if h, ok := n.lab.hosts[name]; ok {
		return h
	}
	h := &Host{Name: name, lab: n.lab, namespace: n.lab.newNamespace("host-" + name)}
	n.lab.hosts[name] = h
	// An address is in use at once, without asking whether another host has it.
	if err := h.Do(func() error { return write("/proc/sys/net/ipv6/conf/default/accept_dad", "0") }); err != nil {
		n.lab.t.Logf("no IPv6: %v", err)
	}
	h.ip("link set lo up")
	h.Join(n)
	return h
}

// nextAddrs returns the addresses of the next host that joins.
func (n *Network) nextAddrs() (v4, v6 netip.Addr) {
	n.hosts++
	return n.Addr(n.hosts), netip.AddrFrom16([16]byte{0xfd, 0x99, 7: byte(n.number), 15: byte(n.hosts)})
}

// Addr is the IPv4 address with that number, 1 to 254, in the network. Hosts get theirs from 1 on.
func (n *Network) Addr(number int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 99, byte(n.number), byte(number)})
}
