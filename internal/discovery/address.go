package discovery

import (
	"net/netip"
	"slices"

	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// dialable reports whether a is an IP address with a TCP or a QUIC port and nothing else: no name, no relay.
func dialable(a multiaddr.Multiaddr) bool {
	var codes []int
	for _, p := range a.Protocols() {
		codes = append(codes, p.Code)
	}
	return len(codes) > 1 && (codes[0] == multiaddr.P_IP4 || codes[0] == multiaddr.P_IP6) &&
		(slices.Equal(codes[1:], []int{multiaddr.P_TCP}) || slices.Equal(codes[1:], []int{multiaddr.P_UDP, multiaddr.P_QUIC_V1}))
}

// ipOf returns the IP address that a begins with, invalid if it does not.
func ipOf(a multiaddr.Multiaddr) netip.Addr {
	ip, err := manet.ToIP(a)
	if err != nil {
		return netip.Addr{}
	}
	addr, _ := netip.AddrFromSlice(ip)
	return addr.Unmap()
}

// usable reports whether others on a link can use ip. An IPv6 address of the link alone would need a zone,
// which is another one on each machine.
func usable(ip netip.Addr) bool {
	return ip.IsValid() && !ip.IsUnspecified() && !ip.IsLoopback() && !ip.IsMulticast() && (ip.Is4() || !ip.IsLinkLocalUnicast())
}

// reachable returns which of the addresses that a terminal listens on can be reached through the interface:
// an unspecified one stands for all of the interface's.
func (i *iface) reachable(listen []multiaddr.Multiaddr) (addrs []multiaddr.Multiaddr) {
	for _, l := range listen {
		first, rest := multiaddr.SplitFirst(l)
		if first == nil || !dialable(l) {
			continue
		}
		at := ipOf(l)
		for _, p := range i.prefixes {
			ip := p.Addr()
			if ip != at && !(at.IsUnspecified() && ip.Is4() == at.Is4()) || len(addrs) == maxAddrs {
				continue
			}
			if a, err := manet.FromIP(ip.AsSlice()); err == nil {
				addrs = append(addrs, a.Encapsulate(rest))
			}
		}
	}
	return addrs
}
