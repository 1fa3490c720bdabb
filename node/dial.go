package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	libp2p "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/host"
	"github.com/certexch/certexch/protocol"
)

// ErrRelayed is returned for addresses all of which lead through a relay.
var ErrRelayed = host.ErrRelayed

// Dial meets the terminal with identity id and runs the exchange. It returns a Peer when each side has
// registered the other. The allowlist is asked first: a terminal that is not in it is not dialled.
//
// With addrs it is looked for there and nowhere else, and has to have the key that they name. Without, it
// is looked for at the addresses of its entry in the allowlist, where it was met before, and on the local
// network, and there its identity counts and not its key.
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
	h, err := t.start(nil)
	if err != nil {
		return nil, err
	}
	var l *link
	if len(addrs) > 0 {
		l, err = t.meetAt(ctx, h, id, addrs)
	} else {
		l, err = t.resolve(ctx, h, entry)
	}
	if err != nil {
		return nil, blamePin(err, entry)
	}
	t.remember(l)
	return t.newPeer(l), nil
}

// blamePin says why a terminal that is in the list was refused as not registered: what is left is that
// the key was another than its entry pins. It says so in an error of its own: others may have been given err.
func blamePin(err error, entry allowlist.Entry) error {
	var refused *protocol.RefusedError
	if !errors.As(err, &refused) || refused.Reason != protocol.NotRegisteredHere || entry.Pin == nil {
		return err
	}
	blamed := *refused
	blamed.Err = errors.New("its entry pins another key")
	return &blamed
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

// meetAt meets id at one of the addresses that somebody has typed.
func (t *Terminal) meetAt(ctx context.Context, h libp2p.Host, id certauth.Identity, addrs []multiaddr.Multiaddr) (*link, error) {
	direct, err := host.Direct(addrs)
	if err != nil {
		return nil, err
	}
	peers, err := peer.AddrInfosFromP2pAddrs(direct...)
	if err != nil {
		return nil, err
	}
	failed := &DialError{Identity: id, Addrs: direct}
	for _, info := range slices.SortedFunc(slices.Values(peers), byID) {
		l, err := t.meet(ctx, h, id, info)
		if err == nil { // even if ctx has ended since: somebody has to give it back
			return l, nil
		}
		if !errors.As(err, new(*unreachedError)) && ctx.Err() == nil {
			return nil, err
		}
		if actual := otherKey(err); actual != "" {
			failed.Actual = actual
		}
		failed.Err = errors.Join(failed.Err, err)
	}
	if ctx.Err() != nil {
		failed.Err = context.Cause(ctx)
	}
	return nil, failed
}

// unreachedError is a peer to which there was no connection.
type unreachedError struct{ error }

func (e *unreachedError) Unwrap() error { return e.error }

func byID(a, b peer.AddrInfo) int {
	if a.ID < b.ID {
		return -1
	}
	return 1
}

// meet connects to the peer and runs the exchange, as a user of the connection. A connection is shared by all
// who want one to this peer; where somebody else's exchange has just found that the terminal is not the one
// that he asked for, but it is the one that is asked for here, it takes another. The error is an
// *unreachedError, or the exchange's.
func (t *Terminal) meet(ctx context.Context, h libp2p.Host, id certauth.Identity, info peer.AddrInfo) (*link, error) {
	for attempt := 1; ; attempt++ {
		l, err := t.dial(ctx, h, info)
		if err != nil {
			return nil, &unreachedError{err}
		}
		if err = t.initiate(ctx, l, id); err == nil {
			return l, nil
		}
		l.release()
		var refused *protocol.RefusedError
		if !errors.As(err, &refused) || refused.Reason != protocol.OtherTerminal || refused.Peer != id || attempt == maxRedials {
			return nil, err
		}
	}
}

// dial returns a connection to a peer, as one of its users: one that stands, or a new one. libp2p makes
// no second connection to a peer, so one that is being left has to be gone first. Nothing waits for what
// libp2p's identify tells: the exchange does not need it.
func (t *Terminal) dial(ctx context.Context, h libp2p.Host, info peer.AddrInfo) (*link, error) {
	h.Peerstore().AddAddrs(info.ID, info.Addrs, peerstore.TempAddrTTL)
	if s, ok := h.Network().(*swarm.Swarm); ok {
		s.Backoff().Clear(info.ID) // somebody wants to know now, however often it has failed before
	}
	for range maxRedials {
		if _, err := h.Network().DialPeer(ctx, info.ID); err != nil {
			return nil, err
		}
		var leaving *link
		for _, conn := range h.Network().ConnsToPeer(info.ID) {
			if leaving = t.links.of(conn); leaving.acquire() {
				t.askForSign(leaving)
				return leaving, nil
			}
		}
		if leaving == nil { // gone since
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

// signTime is how long a peer may keep silent when it is asked for a sign of life.
const signTime = 3 * time.Second

// askForSign closes a connection that has stood for a while, if its peer is not at the other end any more: a
// network that has forgotten it does not say so. Whoever uses it meanwhile learns that it broke.
func (t *Terminal) askForSign(l *link) {
	if time.Since(l.conn.Stat().Opened) < signTime || !l.asking.CompareAndSwap(false, true) {
		return
	}
	t.goroutines.start(func() {
		defer l.asking.Store(false)
		if host.Silent(t.ctx, l.conn, signTime) {
			t.log.Info("connection closed: nothing comes over it", "peer_id", l.conn.RemotePeer().String(), "address", l.conn.RemoteMultiaddr().String())
			_ = l.conn.Close()
		}
	})
}

// otherKey returns the peer ID that answered in place of the expected one.
func otherKey(err error) peer.ID {
	var mismatch sec.ErrPeerIDMismatch
	if errors.As(err, &mismatch) {
		return mismatch.Actual
	}
	return ""
}
