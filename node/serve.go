package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/durable"
	"github.com/certexch/certexch/internal/share"
	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/protocol"
)

// requestWait is how long a peer may keep a stream open without asking for anything.
const requestWait = 5 * time.Minute

// ErrRunning is returned by Run when another process serves the same home.
var ErrRunning = errors.New("another process serves this home already")

// Run serves: it listens, publishes its addresses in the home, and answers registered terminals until
// ctx ends. Then it tells its peers, closes, and returns nil. The terminal is of no more use after it.
// The error is a *host.ListenError, ErrRunning, or one of the file system.
func (t *Terminal) Run(ctx context.Context) error {
	defer t.Close()
	unlock, err := lockHome(ctx, t.home)
	if err != nil {
		return err
	}
	defer unlock()
	shares, err := share.Open(t.cfg.Shares, t.identity.TrustDomain(), time.Now, t.home.Config, t.home.State)
	if err != nil {
		return err
	}
	defer shares.Close()
	t.mu.Lock()
	t.shares = shares
	t.mu.Unlock()
	h, err := t.start(t.listen)
	if err != nil {
		return err
	}
	addrs, err := publish(t.home, h)
	if err != nil {
		return err
	}
	defer unpublish(t.home)
	t.log.Info("serving", "identity", t.identity.String(), "peer_id", h.ID().String(), "addresses", addrs, "shares", len(t.cfg.Shares))
	<-ctx.Done()
	t.log.Info("stopping")
	t.links.goodbye(protocol.GoodbyeShutdown)
	return t.Close()
}

// lockWait is how long to wait for the lock of a home that somebody only looks at.
const lockWait = 300 * time.Millisecond

// lockHome makes this process the one that serves home.
func lockHome(ctx context.Context, home Home) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	unlock, err = durable.Lock(ctx, home.running()+".lock")
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", home.State, ErrRunning)
	}
	return unlock, err
}

// onData answers the requests of a peer on one sealed stream.
func (t *Terminal) onData(s network.Stream) {
	ch, id, err := t.accept(s)
	if err != nil {
		_ = s.Reset()
		t.log.Warn("stream refused", "peer_id", s.Conn().RemotePeer().String(), "error", err.Error())
		return
	}
	server := transfer.Server{Source: t.source(id), Idle: t.env.idle(), Wait: requestWait, Report: t.reportTo(id)}
	if err := server.Serve(t.ctx, ch); err != nil && t.ctx.Err() == nil {
		t.log.Debug("stream ended", "peer", id.String(), "error", err.Error())
	}
}

// errNoExchange refuses a stream on a connection whose exchange has not even begun.
var errNoExchange = errors.New("no exchange on this connection")

// accept waits for the exchange on the stream's connection, which may be about to complete, and opens
// the seal. The allowlist is asked again: it may have changed since the exchange.
func (t *Terminal) accept(s network.Stream) (*protocol.Channel, certauth.Identity, error) {
	ctx, cancel := context.WithTimeout(t.ctx, protocol.ExchangeTimeout)
	defer cancel()
	if err := s.SetReadDeadline(time.Now().Add(protocol.ExchangeTimeout)); err != nil {
		return nil, certauth.Identity{}, err
	}
	l := t.links.of(s.Conn())
	if !l.begun() {
		return nil, certauth.Identity{}, errNoExchange
	}
	session, err := l.wait(ctx)
	if err != nil {
		return nil, certauth.Identity{}, err
	}
	if !t.registered(session.Peer()) {
		return nil, certauth.Identity{}, &protocol.RefusedError{Reason: protocol.NotRegisteredHere, Peer: session.Peer().Identity()}
	}
	ch, err := session.Accept(s, t.env.Rand)
	return ch, session.Peer().Identity(), err
}

// source is what id may see: nothing, when this terminal does not serve.
func (t *Terminal) source(id certauth.Identity) transfer.Source {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.shares.For(id)
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
