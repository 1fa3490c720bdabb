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

// call is one request under way: it has the client to itself.
type call struct {
	*Client
	request
	ctx  context.Context
	stop func() bool // ends the watch on ctx; false when ctx was first
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
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed != nil:
		return nil, c.closed
	case c.inUse:
		return nil, ErrInUse
	}
	c.inUse = true
	r.id = c.next
	c.next++
	return &call{c, r, ctx, context.AfterFunc(ctx, c.ch.Reset)}, nil
}

// end gives the client back. It returns what to tell the caller of a call that ended with err.
func (c *call) end(err error) error {
	if !c.stop() {
		err = context.Cause(c.ctx)
	}
	c.mu.Lock()
	c.inUse = false
	c.mu.Unlock()
	var status *StatusError
	if err == nil || errors.As(err, &status) {
		return err
	}
	return c.abandon(err)
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
	if err := c.receive(c.frame); err != nil {
		return a, err
	}
	return expect[A](c, c.frame)
}

func (c *call) send() error {
	if err := encode(c.frame, func(b *cryptobyte.Builder) { c.request.append(b) }); err != nil {
		return err
	}
	if err := c.ch.SetWriteDeadline(time.Now().Add(c.idle)); err != nil {
		return err
	}
	return c.ch.Send(c.frame)
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
