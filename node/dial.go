package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	libp2p "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/host"
	"github.com/certexch/certexch/protocol"
)

// DialError is a terminal that could not be reached: nobody answered, or no address is known.
type DialError struct {
	Identity certauth.Identity
	// Addrs are the addresses that were tried; none are known when it is empty.
	Addrs []multiaddr.Multiaddr
	// Actual is the peer ID that answered in place of the one in the address, empty when nobody did.
	Actual peer.ID
	Err    error
}

func (e *DialError) Error() string {
	switch {
	case len(e.Addrs) == 0:
		return fmt.Sprintf("no address of %s is known", e.Identity)
	case e.Actual != "":
		return fmt.Sprintf("another terminal (peer %s) answered at the address given for %s", e.Actual, e.Identity)
	}
	return fmt.Sprintf("nobody answered for %s: %v", e.Identity, e.Err)
}

// Unwrap returns the dialler's error.
func (e *DialError) Unwrap() error { return e.Err }

// ErrRelayed is returned for addresses all of which lead through a relay.
var ErrRelayed = host.ErrRelayed

// Dial meets the terminal with identity id, at addrs or, without any, at the addresses of its entry in
// the allowlist, and runs the exchange. It returns a Peer when each side has registered the other. The
// allowlist is asked first: a terminal that is not in it is not dialled.
//
// The error is *protocol.RefusedError, ErrRelayed, or *DialError, which wraps ctx's when ctx ended first.
func (t *Terminal) Dial(ctx context.Context, id certauth.Identity, addrs ...multiaddr.Multiaddr) (*Peer, error) {
	if id == t.identity {
		return nil, &protocol.RefusedError{Reason: protocol.OwnIdentity, Peer: id}
	}
	entry, err := t.entry(id)
	if err != nil {
		return nil, err
	}
	exact := len(addrs) > 0
	if !exact {
		addrs = entry.Addrs
	}
	l, err := t.connect(ctx, id, addrs, exact)
	if err != nil {
		return nil, err
	}
	err = t.initiate(ctx, l, id)
	if err == nil {
		return t.newPeer(l), nil
	}
	l.release()
	if ctx.Err() != nil {
		return nil, &DialError{Identity: id, Addrs: addrs, Err: context.Cause(ctx)}
	}
	return nil, blamePin(err, entry)
}

// blamePin says why a terminal that is in the list was refused as not registered: what is left is that
// the key was another than its entry pins.
func blamePin(err error, entry allowlist.Entry) error {
	var refused *protocol.RefusedError
	if errors.As(err, &refused) && refused.Reason == protocol.NotRegisteredHere && entry.Pin != nil {
		refused.Err = errors.New("its entry pins another key")
	}
	return err
}

// entry returns the allowlist's entry of id, or why there is none in force.
func (t *Terminal) entry(id certauth.Identity) (allowlist.Entry, error) {
	entry, ok := t.list().Lookup(id)
	refused := &protocol.RefusedError{Reason: protocol.NotRegisteredHere, Peer: id}
	if !ok {
		return entry, refused
	}
	if !entry.Expires.IsZero() && !t.env.Now().Before(entry.Expires) {
		refused.Err = fmt.Errorf("its entry expired on %s", entry.Expires.Format(time.DateOnly))
		return entry, refused
	}
	return entry, nil
}

// connect opens a connection to id at one of addrs. A terminal may have a new key, so where the address
// is known and the key at it is another, the key found is dialled too: the exchange decides. An exact
// address, which somebody has typed, is held to the key in it.
func (t *Terminal) connect(ctx context.Context, id certauth.Identity, addrs []multiaddr.Multiaddr, exact bool) (*link, error) {
	direct, err := host.Direct(addrs)
	if err != nil {
		return nil, err
	}
	peers, err := peer.AddrInfosFromP2pAddrs(direct...)
	if err != nil {
		return nil, err
	}
	h, err := t.start(nil)
	if err != nil {
		return nil, err
	}
	failed := &DialError{Identity: id, Addrs: direct}
	for _, info := range slices.SortedFunc(slices.Values(peers), byID) {
		l, err := t.dial(ctx, h, info)
		if actual := otherKey(err); actual != "" {
			failed.Actual = actual
			if !exact {
				l, err = t.dial(ctx, h, peer.AddrInfo{ID: actual, Addrs: info.Addrs})
			}
		}
		if err == nil {
			return l, nil
		}
		failed.Err = errors.Join(failed.Err, err)
	}
	if ctx.Err() != nil {
		failed.Err = context.Cause(ctx)
	}
	return nil, failed
}

func byID(a, b peer.AddrInfo) int {
	if a.ID < b.ID {
		return -1
	}
	return 1
}

// dial returns a connection to a peer, as one of its users: one that stands, or a new one. libp2p makes
// no second connection to a peer, so one that is being left has to be gone first.
func (t *Terminal) dial(ctx context.Context, h libp2p.Host, info peer.AddrInfo) (*link, error) {
	for range maxRedials {
		if err := h.Connect(ctx, info); err != nil {
			return nil, err
		}
		var leaving *link
		for _, conn := range h.Network().ConnsToPeer(info.ID) {
			if leaving = t.links.of(conn); leaving.acquire() {
				return leaving, nil
			}
		}
		if leaving == nil { // gone since Connect looked
			continue
		}
		select {
		case <-leaving.gone:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return nil, errors.New("the connection was closed at once")
}

// maxRedials is how often a connection may be gone as soon as it is there.
const maxRedials = 5

// otherKey returns the peer ID that answered in place of the expected one.
func otherKey(err error) peer.ID {
	var mismatch sec.ErrPeerIDMismatch
	if errors.As(err, &mismatch) {
		return mismatch.Actual
	}
	return ""
}
