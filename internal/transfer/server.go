package transfer

import (
	"context"
	"errors"
	"time"

	"github.com/certexch/certexch/protocol"
)

// Server answers the requests of one client (spec/data.md). It may serve several
// channels of that client at once.
type Server struct {
	// Source is what this client may see.
	Source Source
	// Idle is how long one frame may take to leave. A client that takes longer is given up.
	Idle time.Duration
	// Wait is how long the next request may be in coming.
	Wait time.Duration
	// Report is told of each request when it is over. Optional; calls come from the goroutine of
	// Serve.
	Report func(Event)
}

// Event is one request, answered or given up.
type Event struct {
	Op          string // "shares", "list", "stat", "read"
	Share, Path string
	Status      Status
	Bytes       uint64 // of content sent
	// Err is why Status is not StatusOK, or why there was no answer at all. It may name local files
	// and has not been shown to the client.
	Err error
}

// Serve answers requests one at a time, in the order in which they come, until the client ends its
// direction; then it ends its own and returns nil. The next request is read only when the one before
// is answered: what a client sends ahead waits in the transport, which bounds it.
//
// Serve owns ch. On any error, and when ctx is done, it resets ch and returns: the cause of ctx, an
// error that matches ErrViolation or protocol.ErrIntegrity for a client that broke the protocol, or
// protocol.ErrBroken for a connection that was lost. os.ErrDeadlineExceeded says that Idle or Wait passed.
func (s *Server) Serve(ctx context.Context, ch Channel) error {
	if s.Source == nil || s.Idle <= 0 || s.Wait <= 0 {
		ch.Reset()
		return errors.New("transfer: a server needs Source, Idle and Wait")
	}
	stop := context.AfterFunc(ctx, ch.Reset)
	defer stop()
	c := &conversation{Server: s, ch: ch, frame: protocol.NewFrame()}
	err := c.run()
	if err == nil {
		c.end()
		return nil
	}
	ch.Reset()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
