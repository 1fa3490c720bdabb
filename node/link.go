package node

import (
	"context"
	"errors"
	"sync"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/certexch/certexch/protocol"
)

// link is one connection and the one exchange that runs on it. A session belongs to its connection:
// another connection to the same peer is another link.
type link struct {
	conn network.Conn
	done chan struct{} // closed when the exchange has ended, one way or the other

	mu     sync.Mutex
	state  linkState
	cancel context.CancelCauseFunc // ends this side's M1 when it crosses with one that stands

	// What follows is written before done is closed, and read after.
	session *protocol.Session
	control *protocol.Control
	err     error
}

type linkState int

const (
	linkIdle linkState = iota
	linkInitiating
	linkResponding
	linkOver
)

// errCrossed ends this side's attempt when both sides began and the peer's stands.
var errCrossed = errors.New("node: both sides began an exchange, and the peer's stands")

// beginInitiating claims the exchange for this side; it returns false when it is under way or over.
func (l *link) beginInitiating(cancel context.CancelCauseFunc) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state != linkIdle {
		return false
	}
	l.state, l.cancel = linkInitiating, cancel
	return true
}

// beginResponding claims the exchange for the peer's M1. When this side's own M1 is under way, the one
// of the lower peer ID stands (spec/certexch.md, section 4). second reports an exchange on a
// connection that has had one: no honest peer opens it.
func (l *link) beginResponding() (ok, second bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch l.state {
	case linkIdle:
	case linkInitiating:
		if l.conn.LocalPeer() < l.conn.RemotePeer() {
			return false, false
		}
		l.cancel(errCrossed)
	default:
		return false, true
	}
	l.state = linkResponding
	return true, false
}

// finish records how the exchange ended. An attempt that was given up for the peer's does not count.
func (l *link) finish(role linkState, session *protocol.Session, control *protocol.Control, err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state != role {
		return false
	}
	l.state, l.session, l.control, l.err = linkOver, session, control, err
	close(l.done)
	return true
}

// begun reports whether an exchange is under way or over.
func (l *link) begun() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state != linkIdle
}

// wait returns the session once the exchange is complete.
func (l *link) wait(ctx context.Context) (*protocol.Session, error) {
	select {
	case <-l.done:
		return l.session, l.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// links are the connections of a terminal.
type links struct {
	mu     sync.Mutex
	byConn map[network.Conn]*link
}

// of returns the link of a connection, new if it has none.
func (ls *links) of(conn network.Conn) *link {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.byConn == nil {
		ls.byConn = make(map[network.Conn]*link)
	}
	l, ok := ls.byConn[conn]
	if !ok {
		l = &link{conn: conn, done: make(chan struct{})}
		ls.byConn[conn] = l
	}
	return l
}

func (ls *links) drop(conn network.Conn) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.byConn, conn)
}

// goodbye tells every peer with a session why it ends.
func (ls *links) goodbye(reason protocol.Goodbye) {
	ls.mu.Lock()
	all := make([]*link, 0, len(ls.byConn))
	for _, l := range ls.byConn {
		all = append(all, l)
	}
	ls.mu.Unlock()
	var said sync.WaitGroup
	for _, l := range all {
		said.Go(func() { l.goodbye(reason) })
	}
	said.Wait()
}

func (l *link) goodbye(reason protocol.Goodbye) {
	select {
	case <-l.done:
		if l.control != nil {
			_ = l.control.Goodbye(reason)
		}
	default:
	}
}
