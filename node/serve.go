package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/durable"
	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/protocol"
)

// requestWait is how long a peer may keep a stream open without asking for anything.
const requestWait = 5 * time.Minute

// ErrRunning is returned by Run when another process serves the same home.
var ErrRunning = errors.New("another process serves this home already")

// Run serves: it listens, publishes its addresses in the home, and answers registered terminals until
// ctx ends or the terminal is closed. Then it tells its peers, closes, and returns nil. The terminal is of
// no more use after it. The error is a *ConfigError of the shares, a *host.ListenError, ErrRunning, ErrClosed, a
// *durable.PermissionError for another user's home, or one of the file system.
func (t *Terminal) Run(ctx context.Context) error {
	if !t.runs.enter() {
		return ErrClosed
	}
	defer t.runs.leave()
	// Root may look after the home of a service, but would serve files that the service may not read.
	if err := durable.CheckSecret(t.home.SigningKey()); err != nil {
		return err
	}
	unlock, err := lockHome(ctx, t.home)
	if err != nil {
		return err
	}
	defer unlock()
	defer t.close()
	t.since = t.env.Now()
	unpublish(t.home) // what a process that was killed has left
	if err := t.serveShares(); err != nil {
		return err
	}
	defer t.serveNothing()
	if err := t.knocks.load(); err != nil {
		t.log.Warn("who has knocked before is forgotten", "error", err.Error())
	}
	defer t.saveKnocks()
	h, err := t.start(t.listen)
	if err != nil {
		return err
	}
	t.serveControl()
	addrs, err := addressesOf(h)
	if err != nil {
		return err
	}
	if err := publish(t.home, addrs); err != nil {
		return err
	}
	defer unpublish(t.home)
	t.goroutines.start(func() { t.republish(h, addrs) })
	t.advertise(h)
	t.log.Info("serving", "identity", t.identity.String(), "peer_id", h.ID().String(), "addresses", addrs, "shares", len(t.cfg.Load().Shares))
	if t.env.Ready != nil {
		t.env.Ready()
	}
	select {
	case <-ctx.Done():
	case <-t.ctx.Done():
	}
	t.log.Info("stopping")
	t.links.goodbye(protocol.GoodbyeShutdown)
	return t.close()
}

// serveShares opens the shares. From now on they can be changed.
func (t *Terminal) serveShares() error {
	t.reloading.Lock()
	defer t.reloading.Unlock()
	shares, err := t.openShares(*t.cfg.Load())
	if err != nil {
		return err
	}
	t.shares.Replace(shares)
	t.serving = true
	return nil
}

func (t *Terminal) serveNothing() {
	t.reloading.Lock()
	defer t.reloading.Unlock()
	t.serving = false
	t.shares.Replace(nil)
}

// lockWait is how long to wait for the lock of a home that somebody only looks at.
const lockWait = 300 * time.Millisecond

// lockHome makes this process the one that serves home.
func lockHome(ctx context.Context, home Home) (unlock func(), err error) {
	wait, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	unlock, err = durable.Lock(wait, home.Running()+".lock")
	switch {
	case err == nil:
		return unlock, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case wait.Err() != nil:
		return nil, fmt.Errorf("%s: %w", home.State, ErrRunning)
	}
	return nil, err
}

// onData answers the requests of a peer on one sealed stream.
func (t *Terminal) onData(s network.Stream) {
	if !t.goroutines.enter() {
		_ = s.Reset()
		return
	}
	defer t.goroutines.leave()
	l := t.links.of(s.Conn())
	ch, id, err := t.accept(s, l)
	if err != nil {
		_ = s.Reset()
		t.refuseStream(l, err)
		return
	}
	if !l.acquire() { // it is being left
		ch.Reset()
		return
	}
	defer l.release()
	server := transfer.Server{Source: t.shares.For(id), Idle: t.env.idle(), Wait: requestWait, Report: t.reportTo(id)}
	if err := server.Serve(t.ctx, ch); err != nil && t.ctx.Err() == nil {
		t.log.Debug("stream ended", "peer", id.String(), "error", err.Error())
	}
}

// refuseStream records the first stream of a connection that was refused. One that comes before the
// exchange has even begun is no honest peer's, and the connection ends.
func (t *Terminal) refuseStream(l *link, err error) {
	if l.complain() {
		t.log.Warn("stream refused", "peer_id", l.conn.RemotePeer().String(), "error", err.Error())
	}
	if errors.Is(err, errNoExchange) {
		_ = l.conn.Close()
	}
}

// accept waits for the exchange on the stream's connection, which may be about to complete, and opens
// the seal. What the session rests on is judged again: it may have changed since the exchange.
func (t *Terminal) accept(s network.Stream, l *link) (*protocol.Channel, certauth.Identity, error) {
	ctx, cancel := context.WithTimeout(t.ctx, protocol.ExchangeTimeout)
	defer cancel()
	if err := s.SetReadDeadline(time.Now().Add(protocol.ExchangeTimeout)); err != nil {
		return nil, certauth.Identity{}, err
	}
	session, err := l.admit(ctx)
	if err != nil {
		return nil, certauth.Identity{}, err
	}
	id := session.Peer().Identity()
	policy := t.policy()
	if err := policy.Judge(session); err != nil {
		return nil, id, err
	}
	ch, err := session.Accept(s, t.env.Rand)
	return ch, id, err
}

// reportTo writes the one record of each request.
func (t *Terminal) reportTo(id certauth.Identity) func(transfer.Event) {
	return func(e transfer.Event) {
		log := t.log.With("peer", id.String(), "op", e.Op, "share", e.Share, "path", e.Path, "status", e.Status.String())
		if e.Err != nil {
			log.Warn("request", "error", e.Err.Error())
			return
		}
		log.Info("request", "bytes", e.Bytes)
	}
}
