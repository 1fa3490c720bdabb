package host

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-yamux/v5"
)

// Silent asks the peer for a sign of life, and reports whether nothing at all moved over conn within that time:
// a connection whose way has gone looks as if it stood until somebody asks. It says no for what it cannot ask,
// QUIC, which watches over itself, and when ctx ends first.
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
		// What is on its way to the peer keeps the ping back. While the network takes it, the peer is there; and
		// yamux gives up a socket that takes nothing.
		return paced.queue.empty() && paced.socket.moved().Before(asked)
	}
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
