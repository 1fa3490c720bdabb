package host

import (
	"errors"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// ErrRelayed reports that there is no address but through a relay.
var ErrRelayed = errors.New("the address leads through a relay (/p2p-circuit), and terminals connect directly or not at all; give an address of the terminal itself")

// Relayed reports whether the connection c goes through a relay: whether one of
// its ends has a circuit address.
func Relayed(c network.ConnMultiaddrs) bool {
	return circuit(c.LocalMultiaddr()) || circuit(c.RemoteMultiaddr())
}

// Direct returns the addresses among addrs that do not lead through a relay.
// Where all of them do, the error matches ErrRelayed and names the first.
func Direct(addrs []multiaddr.Multiaddr) ([]multiaddr.Multiaddr, error) {
	direct := directAddrs(addrs)
	if len(direct) == 0 && len(addrs) > 0 {
		return nil, fmt.Errorf("%s: %w", addrs[0], ErrRelayed)
	}
	return direct, nil
}

func directAddrs(addrs []multiaddr.Multiaddr) []multiaddr.Multiaddr {
	return slices.DeleteFunc(slices.Clone(addrs), circuit)
}

func circuit(a multiaddr.Multiaddr) bool {
	_, err := a.ValueForProtocol(multiaddr.P_CIRCUIT)
	return err == nil
}

// resetRelayed keeps streams of relayed connections from next. No such
// connection gets this far; if one ever does, it carries nothing.
func resetRelayed(next network.StreamHandler) network.StreamHandler {
	return func(s network.Stream) {
		if Relayed(s.Conn()) {
			s.ResetWithError(network.StreamGated)
			return
		}
		next(s)
	}
}

// directOnly is the connection gater: it is asked at each stage of a
// connection's making, and refuses the relayed ones at every one that knows an
// address.
type directOnly struct{}

func (directOnly) InterceptPeerDial(peer.ID) bool { return true }

func (directOnly) InterceptAddrDial(_ peer.ID, a multiaddr.Multiaddr) bool { return !circuit(a) }

func (directOnly) InterceptAccept(c network.ConnMultiaddrs) bool { return !Relayed(c) }

func (directOnly) InterceptSecured(_ network.Direction, _ peer.ID, c network.ConnMultiaddrs) bool {
	return !Relayed(c)
}

func (directOnly) InterceptUpgraded(c network.Conn) (bool, control.DisconnectReason) {
	return !Relayed(c), 0
}
