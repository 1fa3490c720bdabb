package node

import (
	"errors"
	"fmt"
	"slices"

	"github.com/multiformats/go-multiaddr"
)

// listen returns the addresses to listen on, or says which cannot be one.
func (c *Config) listen() ([]multiaddr.Multiaddr, error) {
	if len(c.Listen) == 0 {
		return nil, errors.New("listen must name at least one address")
	}
	addrs := make([]multiaddr.Multiaddr, 0, len(c.Listen))
	for _, s := range c.Listen {
		a, err := multiaddr.NewMultiaddr(s)
		switch {
		case err != nil:
			return nil, fmt.Errorf("listen: %q is not a multiaddr, like /ip4/0.0.0.0/tcp/24242", s)
		case relayed(a):
			return nil, fmt.Errorf("listen: %q goes through a relay; terminals meet directly or not at all", s)
		case !listenable(a):
			return nil, fmt.Errorf("listen: %q is not an IP address with a TCP port or a QUIC one, like /ip4/0.0.0.0/tcp/24242 or /ip6/::/udp/24242/quic-v1", s)
		case slices.ContainsFunc(addrs, a.Equal):
			return nil, fmt.Errorf("listen: %q is listed twice", s)
		}
		addrs = append(addrs, a)
	}
	return addrs, nil
}

// listenable reports whether a is of one of the forms that a terminal listens on.
func listenable(a multiaddr.Multiaddr) bool {
	var codes []int
	for _, p := range a.Protocols() {
		codes = append(codes, p.Code)
	}
	if len(codes) == 0 || codes[0] != multiaddr.P_IP4 && codes[0] != multiaddr.P_IP6 {
		return false
	}
	return slices.Equal(codes[1:], []int{multiaddr.P_TCP}) ||
		slices.Equal(codes[1:], []int{multiaddr.P_UDP, multiaddr.P_QUIC_V1})
}

// relayed reports whether an address leads through a relay.
func relayed(a multiaddr.Multiaddr) bool {
	_, err := a.ValueForProtocol(multiaddr.P_CIRCUIT)
	return err == nil
}
