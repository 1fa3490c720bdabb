package node

import (
	"context"
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/home"
	"github.com/certexch/certexch/internal/host"
	"github.com/certexch/certexch/protocol"
)

// connected gives every connection that a peer has opened the time of one exchange to prove itself.
func (t *Terminal) connected(_ network.Network, conn network.Conn) {
	l := t.links.of(conn)
	if conn.Stat().Direction != network.DirInbound {
		return
	}
	t.goroutines.start(func() {
		ctx, cancel := context.WithTimeout(t.ctx, protocol.ExchangeTimeout)
		defer cancel()
		if _, err := l.wait(ctx); err != nil {
			_ = conn.Close()
		}
	})
}

func (t *Terminal) disconnected(_ network.Network, conn network.Conn) { t.links.drop(conn) }

// initiate runs the exchange on a connection that this side dialled, or waits for the one under way. It
// runs in the terminal's time, not the caller's: others may wait for it too.
func (t *Terminal) initiate(ctx context.Context, l *link, expect certauth.Identity) error {
	if l.conn.Stat().Direction == network.DirOutbound {
		t.begin(l, expect)
	}
	session, err := l.wait(ctx)
	if err != nil {
		return err
	}
	if got := session.Peer().Identity(); got != expect {
		return &protocol.RefusedError{Reason: protocol.OtherTerminal, Peer: got, Expected: expect}
	}
	return session.DataAllowed()
}

// begin begins the exchange, unless it has begun.
func (t *Terminal) begin(l *link, expect certauth.Identity) {
	ctx, cancel := context.WithCancelCause(t.ctx)
	if !l.beginInitiating(cancel) {
		cancel(nil)
		return
	}
	started := t.goroutines.start(func() {
		defer cancel(nil)
		session, control, err := t.runInitiator(ctx, l.conn, expect)
		if l.finish(linkInitiating, session, control, err) {
			t.exchanged(l)
		}
	})
	if !started {
		cancel(nil)
		l.finish(linkInitiating, nil, nil, ErrClosed)
	}
}

func (t *Terminal) runInitiator(ctx context.Context, conn network.Conn, expect certauth.Identity) (*protocol.Session, *protocol.Control, error) {
	cfg, err := t.exchangeConfig(expect)
	if err != nil {
		return nil, nil, err
	}
	return protocol.Initiate(ctx, conn, cfg)
}

// onExchange answers the exchange that a peer has opened.
func (t *Terminal) onExchange(s network.Stream) {
	if !t.goroutines.enter() {
		_ = s.Reset()
		return
	}
	defer t.goroutines.leave()
	l := t.links.of(s.Conn())
	ok, second := l.beginResponding()
	if !ok {
		_ = s.Reset()
		if second {
			t.log.Warn("second exchange on one connection", "peer_id", s.Conn().RemotePeer().String())
			_ = s.Conn().Close()
		}
		return
	}
	session, control, err := t.runResponder(s)
	if l.finish(linkResponding, session, control, err) {
		t.exchanged(l)
	}
}

func (t *Terminal) runResponder(s network.Stream) (*protocol.Session, *protocol.Control, error) {
	cfg, err := t.exchangeConfig(certauth.Identity{})
	if err != nil {
		_ = s.Reset()
		return nil, nil, err
	}
	return protocol.Respond(t.ctx, s, cfg)
}

// exchanged records the outcome, and watches over the session if there is one.
func (t *Terminal) exchanged(l *link) {
	t.logExchange(l)
	t.noteKnock(l)
	if l.err != nil {
		_ = l.conn.Close()
		return
	}
	if l.session.Ours() == protocol.Registered { // whoever else fills the place makes room for whom it is for
		host.Keep(l.conn)
	}
	t.goroutines.start(func() { t.watch(l) })
}

// watch keeps the control stream until it ends, and the connection with it.
func (t *Terminal) watch(l *link) {
	defer l.conn.Close()
	defer l.control.Close()
	stop := context.AfterFunc(t.ctx, l.control.Close)
	defer stop()
	ended := make(chan struct{})
	t.goroutines.start(func() { keepAlive(l.control, ended) })
	goodbye, err := l.control.Receive()
	close(ended)
	t.sessionEnded(l, goodbye, err)
}

// sessionEnded records how the control stream ended: with a goodbye, or with an error.
func (t *Terminal) sessionEnded(l *link, goodbye protocol.Goodbye, err error) {
	defer close(l.over)
	id := l.session.Peer().Identity()
	log := t.log.With("peer", id.String())
	if err != nil {
		log.Debug("session ended", "error", err.Error())
		return
	}
	own, _, _ := home.ShownCertificate(t.home) // of any identity, or none: it is looked at, not shown
	cfg := protocol.Config{Policy: t.policy(), Credentials: t.credentials(own)}
	if cause := cfg.Dismissed(goodbye, id); l.dismiss(cause) {
		log.Warn("session cut by the peer", "goodbye", goodbye.String())
		return
	}
	log.Debug("session ended", "goodbye", goodbye.String())
}

// keepAlive ends with the first message that could not be sent: after it the stream is of no more use.
func keepAlive(control *protocol.Control, ended <-chan struct{}) {
	tick := time.NewTicker(protocol.KeepAlive)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
			if control.KeepAlive() != nil {
				return
			}
		}
	}
}

// logExchange writes the one record of an exchange.
func (t *Terminal) logExchange(l *link) {
	log := t.log.With("peer_id", l.conn.RemotePeer().String(), "address", l.conn.RemoteMultiaddr().String())
	if l.err == nil {
		log.Info("session", "peer", l.session.Peer().Identity().String(),
			"ours", l.session.Ours().String(), "theirs", l.session.Theirs().String())
		return
	}
	var refused *protocol.RefusedError
	if !errors.As(l.err, &refused) {
		log.Warn("exchange failed", "error", l.err.Error())
		return
	}
	if !refused.Peer.IsZero() {
		log = log.With("peer", refused.Peer.String())
	}
	if refused.Own {
		log = log.With("own", true)
	}
	if refused.Err != nil {
		log = log.With("error", refused.Err.Error())
	}
	log.Warn("exchange refused", "reason", string(refused.Reason), "by_peer", refused.ByPeer)
}
