package host

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// ListenError reports an address that the host could not listen on. Err is the
// system's error, ErrRelayed, or libp2p's for an address of a kind that it does
// not know.
type ListenError struct {
	Addr multiaddr.Multiaddr
	Err  error
}

// Error names the address, the reason, and what to try.
func (e *ListenError) Error() string {
	return fmt.Sprintf("cannot listen on %s: %v; %s", e.Addr, e.Err, e.advice())
}

// Unwrap returns the reason.
func (e *ListenError) Unwrap() error { return e.Err }

func (e *ListenError) advice() string {
	switch {
	case errors.Is(e.Err, syscall.EADDRINUSE):
		return "another program has this port: stop it, or choose another port"
	case errors.Is(e.Err, syscall.EADDRNOTAVAIL):
		return "this machine has no such address: choose one that it has, or /ip4/0.0.0.0 and /ip6/:: for all"
	case errors.Is(e.Err, syscall.EACCES):
		return "a port below 1024 needs privileges: choose a higher one"
	default:
		return "write /ip4/ADDRESS/tcp/PORT or /ip4/ADDRESS/udp/PORT/quic-v1, or the same with /ip6"
	}
}

// listen opens every address, or fails at the first that cannot be opened. The
// swarm's own Listen is content with one.
func listen(s *swarm.Swarm, addrs []multiaddr.Multiaddr) error {
	for _, a := range addrs {
		if circuit(a) {
			return &ListenError{a, ErrRelayed}
		}
		if err := s.AddListenAddr(a); err != nil && !pointless(a, err) {
			return &ListenError{a, err}
		}
	}
	if len(addrs) > 0 && len(s.ListenAddresses()) == 0 {
		return &ListenError{addrs[0], syscall.EAFNOSUPPORT}
	}
	return nil
}

// pointless reports that a stands for all addresses of a family that this
// machine does not have: a kernel without IPv6 has nothing to listen on at ::.
func pointless(a multiaddr.Multiaddr, err error) bool {
	return manet.IsIPUnspecified(a) && errors.Is(err, syscall.EAFNOSUPPORT)
}
