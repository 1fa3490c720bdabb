package discovery

import (
	"net"
	"net/netip"
	"slices"
)

// maxInterfaces stays below the number of groups that Linux lets a socket join (igmp_max_memberships, 20).
const maxInterfaces = 16

// iface is a network interface that multicast may go through.
type iface struct {
	net.Interface
	prefixes []netip.Prefix // its usable addresses, each with its network
}

// interfaces returns those that are up, can do multicast, and have an address that others can use.
func interfaces() ([]iface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var list []iface
	for _, ifi := range all {
		if ifi.Flags&(net.FlagUp|net.FlagMulticast|net.FlagLoopback) != net.FlagUp|net.FlagMulticast || len(list) == maxInterfaces {
			continue
		}
		addrs, err := ifi.Addrs()
		if err != nil { // gone meanwhile
			continue
		}
		if prefixes := usablePrefixes(addrs); len(prefixes) > 0 {
			list = append(list, iface{ifi, prefixes})
		}
	}
	return list, nil
}

func usablePrefixes(addrs []net.Addr) (prefixes []netip.Prefix) {
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && usable(p.Addr()) {
			prefixes = append(prefixes, p)
		}
	}
	return prefixes
}

// onLink reports whether ip is on one of the networks of the interface.
func (i *iface) onLink(ip netip.Addr) bool {
	if zone := ip.Zone(); zone != "" {
		return zone == i.Name
	}
	return slices.ContainsFunc(i.prefixes, func(p netip.Prefix) bool { return p.Contains(ip) })
}
