package node

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/certexch/certexch/protocol"
)

// link is one connection and the one exchange that runs on it. A session belongs to its connection:
// another connection to the same peer is another link.
type link struct {
	conn   network.Conn
	done   chan struct{} // closed when the exchange has ended, one way or the other
	gone   chan struct{} // closed when the connection has ended
	asking atomic.Bool   // whether its peer is being asked for a sign of life

	over chan struct{} // closed when the session has ended, and what is to be known of it is in cause

	mu         sync.Mutex // guards what follows
	state      linkState
	cancel     context.CancelCauseFunc // ends this side's M1 when it crosses with one that stands
	users      int                     // Peers, Dials on their way to one, and open data streams of the peer
	leaving    bool                    // the last user has gone: nobody may begin to use it
	waiting    int                     // streams that wait for the end of the exchange
	complained bool                    // the log has a record of a stream that was refused
	cause      error                   // why the session was cut, by this side or the peer

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
// of the lower peer ID stands (spec/certexch.md, section 5). second reports an exchange on a
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

// wait returns the session once the exchange is complete. An exchange that has begun ends by itself when
// the connection does; one that has not begun then never will.
func (l *link) wait(ctx context.Context) (*protocol.Session, error) {
	gone := l.gone
	for {
		select {
		case <-l.done:
			return l.session, l.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-gone:
			if !l.begun() {
				return nil, &protocol.RefusedError{Reason: protocol.Interrupted}
			}
			gone = nil
		}
	}
}

func (l *link) begun() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state != linkIdle
}

// errNoExchange refuses a stream on a connection whose exchange has not begun, and errTooEarly one of
// too many that came before it was over.
var (
	errNoExchange = errors.New("no exchange on this connection")
	errTooEarly   = errors.New("too many streams before the exchange was over")
)

// maxWaiting is how many streams may wait for the exchange of their connection.
const maxWaiting = 16

// admit waits, on behalf of a stream, for the session that it needs.
func (l *link) admit(ctx context.Context) (*protocol.Session, error) {
	l.mu.Lock()
	switch {
	case l.state == linkIdle:
		l.mu.Unlock()
		return nil, errNoExchange
	case l.state != linkOver && l.waiting == maxWaiting:
		l.mu.Unlock()
		return nil, errTooEarly
	}
	l.waiting++
	l.mu.Unlock()
	session, err := l.wait(ctx)
	l.mu.Lock()
	l.waiting--
	l.mu.Unlock()
	return session, err
}

// complain reports whether a refused stream is the first of its connection: the log has one record of
// them, however many there are.
func (l *link) complain() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := !l.complained
	l.complained = true
	return first
}

// acquire makes the caller a user of the connection, unless it is being left.
func (l *link) acquire() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.leaving {
		l.users++
	}
	return !l.leaving
}

// leaveTimeout is how long a peer has to close a connection after a goodbye.
const leaveTimeout = time.Second

// release ends the use of the connection. With its last user, a connection that this side has dialled
// ends too: the peer is told, and closes it, or else this side does.
func (l *link) release() {
	l.mu.Lock()
	l.users--
	last := l.users == 0 && l.conn.Stat().Direction == network.DirOutbound
	l.leaving = l.leaving || last
	l.mu.Unlock()
	if !last {
		return
	}
	if l.goodbye(protocol.GoodbyeDone) {
		late := time.NewTimer(leaveTimeout)
		defer late.Stop()
		select {
		case <-l.gone:
		case <-late.C:
		}
	}
	_ = l.conn.Close()
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
	if ok {
		return l
	}
	l = &link{conn: conn, done: make(chan struct{}), gone: make(chan struct{}), over: make(chan struct{})}
	if conn.IsClosed() { // nobody would drop it
		close(l.gone)
		return l
	}
	ls.byConn[conn] = l
	return l
}

// drop forgets a connection that has ended.
func (ls *links) drop(conn network.Conn) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l, ok := ls.byConn[conn]; ok {
		close(l.gone)
		delete(ls.byConn, conn)
	}
}

// all returns the connections of this moment.
func (ls *links) all() []*link {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return slices.Collect(maps.Values(ls.byConn))
}

// goodbye tells every peer with a session why it ends.
func (ls *links) goodbye(reason protocol.Goodbye) {
	var said sync.WaitGroup
	for _, l := range ls.all() {
		said.Go(func() { l.goodbye(reason) })
	}
	said.Wait()
}

// goodbye tells the peer why the session ends, and reports whether there was somebody to tell.
func (l *link) goodbye(reason protocol.Goodbye) bool {
	select {
	case <-l.done:
		return l.control != nil && l.control.Goodbye(reason) == nil
	default:
		return false
	}
}
