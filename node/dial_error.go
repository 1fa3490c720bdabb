package node

import (
	"fmt"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/certauth"
)

// DialError is a terminal that could not be reached: nobody answered, or no address is known.
type DialError struct {
	// Identity is the terminal that was asked for.
	Identity certauth.Identity
	// Addrs are the addresses that were tried before any that the network told; none were known when it is
	// empty.
	Addrs []multiaddr.Multiaddr
	// Network is what came of asking the local network.
	Network NetworkSearch
	// Actual is the peer ID that answered in place of the one in the address, empty when nobody did.
	Actual peer.ID
	// Err is what the dialler says of the addresses, or what ended the search; it may be nil.
	Err error
}

// NetworkSearch is what came of asking the local network for a terminal. The zero value: it was not asked.
type NetworkSearch struct {
	// Asked is set when the question was sent, or could not be.
	Asked bool
	// Deaf is set when no network took the question: there is no multicast.
	Deaf bool
	// Others is how many terminals were tried that turned out not to be the one, or did not say.
	Others int
}

// String says it in a few words, and nothing when the network was not asked.
func (n NetworkSearch) String() string {
	switch {
	case !n.Asked:
		return ""
	case n.Deaf:
		return "this network cannot be asked (no multicast)"
	case n.Others == 0:
		return "no answer on this network (mDNS)"
	case n.Others == 1:
		return "one other terminal answered on this network (mDNS), and it is not known to be this one"
	}
	return fmt.Sprintf("%d other terminals answered on this network (mDNS), and none is known to be this one", n.Others)
}

func (e *DialError) Error() string {
	switch {
	case len(e.Addrs) == 0:
		return e.tried(fmt.Sprintf("no address of %s is known", e.Identity))
	case e.Actual != "":
		return e.tried(fmt.Sprintf("another terminal (peer %s) answered at the address given for %s", e.Actual, e.Identity))
	}
	return e.tried(fmt.Sprintf("nobody answered for %s: %v", e.Identity, e.Err))
}

// Unwrap returns the dialler's error.
func (e *DialError) Unwrap() error { return e.Err }

// tried adds to a sentence where the terminal was looked for, unless that was one typed address.
func (e *DialError) tried(what string) string {
	var where []string
	if len(e.Addrs) > 0 && e.Network.Asked {
		where = append(where, fmt.Sprintf("tried %s", count(len(e.Addrs), "known address", "known addresses")))
	}
	if network := e.Network.String(); network != "" {
		where = append(where, network)
	}
	if len(where) == 0 {
		return what
	}
	return what + "; " + strings.Join(where, ", ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
