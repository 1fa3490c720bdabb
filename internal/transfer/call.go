package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/certexch/certexch/protocol"
)

// use is a client claimed by one caller, for one request or for many.
type use struct {
	*Client
	ctx  context.Context
	stop func() bool // ends the watch on ctx; false when ctx was first
}

// call is one request under way.
type call struct {
	use
	request
	kept bool // the use goes on after it
}

// ask makes one request whose answer is one message.
func ask[A answer](ctx context.Context, c *Client, r request) (a A, err error) {
	call, err := c.begin(ctx, r)
	if err != nil {
		return a, err
	}
	a, err = exchange[A](call)
	return a, call.end(err)
}

// begin claims the client for r.
func (c *Client) begin(ctx context.Context, r request) (*call, error) {
	u, err := c.claim(ctx)
	if err != nil {
		return nil, err
	}
	return &call{use: u, request: c.numbered(r)}, nil
}

// claim gives the caller the client to itself until release.
func (c *Client) claim(ctx context.Context) (use, error) {
	if ctx.Err() != nil {
		return use{}, context.Cause(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed != nil:
		return use{}, c.closed
	case c.inUse:
		return use{}, ErrInUse
	}
	c.inUse = true
	return use{c, ctx, context.AfterFunc(ctx, c.ch.Reset)}, nil
}

// numbered returns r with its number. Only who has claimed the client calls it.
func (c *Client) numbered(r request) request {
	r.id = c.next
	c.next++
	return r
}

// release gives the client back. It returns what to tell the caller of a use that ended with err.
func (u use) release(err error) error {
	if !u.stop() {
		err = context.Cause(u.ctx)
	}
	u.mu.Lock()
	u.inUse = false
	u.mu.Unlock()
	return u.settle(err)
}

// settle returns err, having given the channel up unless it is of use after err.
func (u use) settle(err error) error {
	var status *StatusError
	if err == nil || errors.As(err, &status) {
		return err
	}
	return u.abandon(err)
}

// end ends the call, and with it the use of the client if there is nothing more to come. It returns what
// to tell the caller of a call that ended with err.
func (c *call) end(err error) error {
	if !c.kept {
		return c.release(err)
	}
	if err != nil && c.ctx.Err() != nil {
		err = context.Cause(c.ctx)
	}
	return c.settle(err)
}

// abandon resets the channel because of err, which it returns.
func (c *Client) abandon(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed == nil {
		c.closed = fmt.Errorf("%w after: %v", ErrClosed, err)
	}
	c.ch.Reset()
	return err
}

// exchange sends the request of c and returns the first message of its answer.
func exchange[A answer](c *call) (a A, err error) {
	if err := c.send(); err != nil {
		return a, err
	}
	return first[A](c)
}

// first returns the first message of the answer to c.
func first[A answer](c *call) (a A, err error) {
	if err := c.receive(c.frame); err != nil {
		return a, err
	}
	return expect[A](c, c.frame)
}

func (c *call) send() error { return c.sendWith(c.ch.Send) }

// sendWith sends the request: at once, or with those that follow.
func (c *call) sendWith(send func(*protocol.Frame) error) error {
	if err := encode(c.frame, func(b *cryptobyte.Builder) { c.request.append(b) }); err != nil {
		return err
	}
	if err := c.ch.SetWriteDeadline(time.Now().Add(c.idle)); err != nil {
		return err
	}
	return send(c.frame)
}

// receive returns the next frame of the answer.
func (c *call) receive(f *protocol.Frame) error {
	if err := c.ch.SetReadDeadline(time.Now().Add(c.idle)); err != nil {
		return err
	}
	err := c.ch.Receive(f)
	if err == io.EOF { // D-3
		return violation("the server ended in the middle of an answer")
	}
	return err
}

// expect returns the message in f, which is to be an A, and a *StatusError for one that says failure.
func expect[A answer](c *call, f *protocol.Frame) (a A, err error) {
	if f.Kind != protocol.KindMessage { // D-1
		return a, violation("content where a message is due")
	}
	id, got, err := decodeAnswer(f.Payload())
	if err != nil {
		return a, err
	}
	if id != c.id { // D-2
		return a, violation("an answer to request %d came for %d", id, c.id)
	}
	if failure, ok := got.(failureAnswer); ok {
		return a, &StatusError{Status: failure.status, Op: c.op.String(), Path: c.where()}
	}
	a, ok := got.(A)
	if !ok { // D-4
		return a, violation("a message of kind %d, out of place, answers a %s", got.kind(), c.op)
	}
	return a, nil
}
