package node

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/control"
	"github.com/certexch/certexch/internal/transfer"
)

// Status is what a running terminal says of itself.
type Status = control.Status

// keepSession is how long a session that a command has used is kept for the next one.
const keepSession = 2 * time.Minute

// serveControl answers the commands of this machine until the terminal is closed. Without a socket the
// terminal serves all the same: commands then act by themselves.
func (t *Terminal) serveControl() {
	l, err := control.Listen(t.home.Socket)
	if err != nil {
		t.log.Error("no control socket: commands on this machine act by themselves", "socket", t.home.Socket, "error", err.Error())
		return
	}
	server := control.Server{Terminal: (*controlled)(t)}
	t.goroutines.start(func() {
		if err := server.Serve(t.ctx, l); err != nil {
			t.log.Error("the control socket is gone", "error", err.Error())
		}
	})
}

// controlled is a terminal as the control socket asks it.
type controlled Terminal

func (c *controlled) terminal() *Terminal { return (*Terminal)(c) }

func (c *controlled) Status() Status { return c.terminal().status() }

func (c *controlled) Reload() ([]string, error) { return c.terminal().Reload() }

func (c *controlled) Hello() control.Hello {
	return control.Hello{Identity: c.identity.String(), Version: Version}
}

func (c *controlled) Explain(err error) control.Failure { return control.Failure(Explain(err)) }

func (c *controlled) Pending() ([]Knock, error) {
	return unregistered(c.terminal().list(), c.knocks.all(), c.env.Now()), nil
}

func (c *controlled) Open(ctx context.Context, id certauth.Identity, addrs []multiaddr.Multiaddr) (transfer.Channel, error) {
	return c.terminal().Open(ctx, id, addrs...)
}

// Open returns a data channel to the terminal id, for requests: of a session that stands, or of one that
// it makes as Dial does. The session outlives the channel for a while. The error is Dial's,
// protocol.ErrBroken, or ErrClosed, also where Close has interrupted it.
func (t *Terminal) Open(ctx context.Context, id certauth.Identity, addrs ...multiaddr.Multiaddr) (transfer.Channel, error) {
	ch, err := t.openKept(ctx, id, addrs)
	if err != nil && t.ctx.Err() != nil { // ctx may have ended by that: whoever asked has not given up
		return nil, ErrClosed
	}
	return ch, err
}

func (t *Terminal) openKept(ctx context.Context, id certauth.Identity, addrs []multiaddr.Multiaddr) (transfer.Channel, error) {
	peer, err := t.Dial(ctx, id, addrs...)
	if err != nil {
		return nil, err
	}
	ch, err := peer.open(ctx)
	if err != nil {
		return nil, errors.Join(err, peer.Close())
	}
	return &keptChannel{ch, sync.OnceFunc(func() { t.closeLater(peer) })}, nil
}

// closeLater closes a peer once nobody has used it for a while.
func (t *Terminal) closeLater(p *Peer) {
	t.goroutines.start(func() {
		idle := time.NewTimer(keepSession)
		defer idle.Stop()
		select {
		case <-idle.C:
		case <-p.link.gone:
		case <-t.ctx.Done():
		}
		_ = p.Close()
	})
}

// keptChannel is a channel whose session is kept when it is closed.
type keptChannel struct {
	transfer.Channel
	keep func()
}

func (c *keptChannel) Reset() {
	c.Channel.Reset()
	c.keep()
}

func (c *keptChannel) Close() error {
	defer c.keep()
	return c.Channel.Close()
}

func (t *Terminal) status() Status {
	about := t.describe()
	s := Status{
		Identity:  t.identity.String(),
		PeerID:    t.PeerID().String(),
		Version:   Version,
		Since:     t.since.UTC(),
		Addresses: []string{},
		Shares:    []string{},
		Lists:     listsOf(about.Authorities),
		Sessions:  []control.Session{},
		Problems:  t.problems(about),
	}
	if about.Certificate != nil {
		s.Expires = about.Certificate.NotAfter().UTC()
	}
	if h, err := t.started(); h != nil && err == nil {
		if addrs, err := addressesOf(h); err == nil {
			s.Addresses = addrs
		}
	}
	for _, share := range t.cfg.Load().Shares {
		s.Shares = append(s.Shares, share.Name)
	}
	for _, l := range t.links.sessions() {
		s.Sessions = append(s.Sessions, sessionOf(l))
	}
	return s
}

func sessionOf(l *link) control.Session {
	direction := "in"
	if l.conn.Stat().Direction == network.DirOutbound {
		direction = "out"
	}
	return control.Session{
		Identity:  l.session.Peer().Identity().String(),
		PeerID:    l.conn.RemotePeer().String(),
		Address:   l.conn.RemoteMultiaddr().String(),
		Direction: direction,
		Since:     l.conn.Stat().Opened.UTC(),
		Ours:      l.session.Ours().String(),
		Theirs:    l.session.Theirs().String(),
	}
}
