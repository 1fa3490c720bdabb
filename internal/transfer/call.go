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
	got, err := c.decode(c.frame)
	if err != nil {
		return a, err
	}
	a, ok := got.(A)
	if !ok { // D-5
		return a, violation("a %s was answered with kind %d", c.op, got.kind())
	}
	return a, nil
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
	if err == io.EOF { // D-19
		return violation("the server ended in the middle of an answer")
	}
	return err
}

// decode returns the message in f, and a *StatusError for one that says failure.
func (c *call) decode(f *protocol.Frame) (answer, error) {
	if f.Kind != protocol.KindMessage { // D-1
		return nil, violation("content where a message is due")
	}
	id, a, err := decodeAnswer(f.Payload())
	if err != nil {
		return nil, err
	}
	if id != c.id { // D-15
		return nil, violation("an answer to request %d came for %d", id, c.id)
	}
	if failure, ok := a.(failureAnswer); ok {
		return nil, &StatusError{Status: failure.status, Op: c.op.String(), Path: c.where()}
	}
	return a, nil
}
