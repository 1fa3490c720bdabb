package host

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-yamux/v5"
)

// Silent asks the peer for a sign of life, and reports whether none came over conn within that time: a connection
// whose way has gone looks as if it stood until somebody asks. That the peer's system takes what is sent is such a
// sign. It says no for what it cannot ask, QUIC, which watches over itself, and when ctx ends first.
func Silent(ctx context.Context, conn network.Conn, within time.Duration) bool {
	var paced *pacedConn
	var session *yamux.Session
	if !conn.As(&paced) || !paced.As(&session) {
		return false
	}
	asked := time.Now()
	answered := make(chan struct{})
	over := make(chan struct{})
	defer close(over)
	go keepAsking(session, answered, over)
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case <-answered:
		return false
	case <-ctx.Done():
		return false
	case <-late.C:
		return paced.restsSince(asked)
	}
}

// restsSince reports whether the other side has given no sign since then. What is on its way to it keeps a ping
// back, so an answer is not the only one.
func (c *pacedConn) restsSince(then time.Time) bool {
	if at, ok := heard(c.socket.Conn); ok {
		return at.Before(then)
	}
	// What this system has taken may go nowhere, but here nothing else is known; and yamux gives up a socket that
	// takes nothing.
	return c.queue.empty() && c.socket.moved().Before(then)
}

// keepAsking pings until there is an answer, or nobody waits for it any more. A question that is under way already is
// joined, and may have been asked too early.
func keepAsking(session *yamux.Session, answered chan<- struct{}, over <-chan struct{}) {
	for !session.IsClosed() {
		if _, err := session.Ping(); err == nil {
			close(answered)
			return
		}
		select {
		case <-over:
			return
		default:
		}
	}
}
