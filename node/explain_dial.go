package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/protocol"
)

// explainDial is for a terminal that was not reached.
func explainDial(err error) (Failure, bool) {
	var e *DialError
	switch {
	case errors.Is(err, ErrRelayed):
		return Failure{"no-direct-path", CodeNoDirectPath, err.Error(), "open the terminal's port to this side, and give its own address"}, true
	case !errors.As(err, &e), errors.Is(err, context.Canceled):
		return Failure{}, false
	case errors.Is(err, context.DeadlineExceeded):
		return Failure{"timed-out", CodeUnreachable, e.tried(fmt.Sprintf("%s did not answer in time", e.Identity)), "see that `certexch serve` runs there, or give more time with --timeout"}, true
	case len(e.Addrs) == 0:
		return Failure{"unreachable", CodeUnreachable, e.Error(), adviceUnknown(e)}, true
	case e.Actual != "":
		return Failure{string(protocol.OtherTerminal), CodeAnotherTerminal, e.Error(), "`certexch id` on the other side prints its address with the right peer ID"}, true
	}
	return Failure{"unreachable", CodeUnreachable, e.tried(fmt.Sprintf("nobody answered for %s at %s", e.Identity, unanswered(e))), "see that `certexch serve` runs there, that `certexch id` there prints this address, and that its port is open"}, true
}

// adviceUnknown is for a terminal whose address is not known.
func adviceUnknown(e *DialError) string {
	give := fmt.Sprintf("give --addr, or note one with `certexch allow add %s --addr MULTIADDR`; `certexch id` there prints it", e.Identity)
	if e.Network.Asked && !e.Network.Deaf {
		return "see that `certexch serve` runs there, on this network; or " + give
	}
	return give
}

// unanswered is an address at which nobody answered, with the dialler's reason if it has one that helps.
func unanswered(e *DialError) string {
	var dial *swarm.DialError
	switch {
	case !errors.As(e.Err, &dial):
	case len(dial.DialErrors) > 0:
		first := dial.DialErrors[0]
		return fmt.Sprintf("%s: %v", e.known(dial.Peer, first.Address), first.Cause)
	case errors.Is(dial.Cause, swarm.ErrNoGoodAddresses):
		if a := e.named(dial.Peer); a != nil {
			return a.String() + ": the name in it cannot be resolved" // libp2p drops the address and only logs that
		}
	}
	return e.Addrs[0].String()
}

// known is the address that was dialled as people know it: with a name, if that may have led to it.
func (e *DialError) known(p peer.ID, dialled multiaddr.Multiaddr) multiaddr.Multiaddr {
	if dialled == nil || p == "" {
		return e.Addrs[0]
	}
	whole := dialled.Encapsulate(multiaddr.StringCast("/p2p/" + p.String()))
	if a := e.named(p); a != nil && !multiaddr.Contains(e.Addrs, whole) {
		return a
	}
	return whole
}

// named is the first address of a peer that begins with a name of the DNS, nil if none does.
func (e *DialError) named(p peer.ID) multiaddr.Multiaddr {
	for _, a := range e.Addrs {
		if _, of := peer.SplitAddr(a); of == p && named(a) {
			return a
		}
	}
	return nil
}

// named reports whether an address begins with a name of the DNS.
func named(a multiaddr.Multiaddr) bool {
	switch a.Protocols()[0].Code {
	case multiaddr.P_DNS, multiaddr.P_DNS4, multiaddr.P_DNS6, multiaddr.P_DNSADDR:
		return true
	}
	return false
}
