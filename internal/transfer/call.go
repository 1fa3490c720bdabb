package transfer

import (
	"io"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/certexch/certexch/protocol"
)

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
