package protocol

import (
	"bufio"
	"encoding/binary"
	"io"
	"time"
)

// Transport carries a channel: a libp2p stream, or anything that behaves like one.
type Transport interface {
	io.ReadWriteCloser
	// CloseWrite ends this direction: the other end reads io.EOF.
	CloseWrite() error
	// Reset gives both directions up, and tells the other end.
	Reset() error
	// SetReadDeadline and SetWriteDeadline bound the calls that follow, and those under way; zero is no bound.
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// Channel is a sealed stream of a session (spec/certexch.md, section 8): frames in both directions,
// each authenticated in its place. One goroutine may send while another receives.
type Channel struct {
	transport Transport

	send   direction
	prefix []byte // stream number and salt, sent with the first frame
	held   []byte // sealed frames that Hold has left to be written
	broke  error  // why a write failed, after which the peer may lack any part of what was sealed

	in       *bufio.Reader // of transport
	receive  direction
	salted   bool                                        // the peer's salt has been read
	derive   func(salt [saltSize]byte) (secret [32]byte) // of the peer's direction
	received error                                       // how receiving ended
	wordless bool                                        // Receive returns a last frame without payload, too: it is none
}

// Send seals f in place and writes it, after what Hold has kept. The payload is spent; the frame may be used
// again. It fails with ErrEnded after CloseSend, and as Receive does when the transport fails. That error is
// final: nothing is sent any more, and whatever sends returns it again.
func (c *Channel) Send(f *Frame) error {
	f.end = false
	return c.write(f)
}

// Hold seals f as Send does, and keeps it: it is written together with the frames that follow, at the
// latest by Flush, Send or CloseSend, or when as much is kept as one write should be.
func (c *Channel) Hold(f *Frame) error {
	f.end = false
	sealed, err := c.seal(f)
	if err != nil {
		return err
	}
	if len(c.held)+len(sealed) > FrameSize {
		if err := c.Flush(); err != nil {
			return err
		}
	}
	c.held = append(c.held, sealed...)
	return nil
}

// Flush writes what Hold has kept.
func (c *Channel) Flush() error {
	if c.broke != nil || len(c.held) == 0 {
		return c.broke
	}
	err := c.put(c.held)
	c.held = c.held[:0]
	return err
}

// put writes sealed bytes.
func (c *Channel) put(sealed []byte) error {
	_, err := c.transport.Write(sealed)
	c.broke = broken(err)
	return c.broke
}

// Ready reports whether the peer's next frame has arrived, so that Receive need not wait for it.
func (c *Channel) Ready() bool {
	if c.in.Buffered() < frameHeader || c.received != nil || !c.salted {
		return false
	}
	header, err := c.in.Peek(frameHeader)
	return err == nil && c.in.Buffered() >= frameHeader+int(binary.BigEndian.Uint16(header[2:]))
}

// CloseSend ends this direction with an authenticated end: only after it does the peer's Receive
// return io.EOF.
func (c *Channel) CloseSend() error {
	f := NewFrame()
	f.Kind = KindMessage
	return c.sendLast(f)
}

// sendLast sends f as the end of this direction.
func (c *Channel) sendLast(f *Frame) error {
	f.end = true
	if err := c.write(f); err != nil {
		return err
	}
	return broken(c.transport.CloseWrite())
}

func (c *Channel) write(f *Frame) error {
	sealed, err := c.seal(f)
	if err != nil {
		return err
	}
	if len(c.held) > 0 && len(c.held)+len(sealed) <= FrameSize {
		c.held = append(c.held, sealed...)
		return c.Flush()
	}
	if err := c.Flush(); err != nil {
		return err
	}
	return c.put(sealed)
}

// seal returns the bytes to write for f.
func (c *Channel) seal(f *Frame) ([]byte, error) {
	if c.broke != nil {
		return nil, c.broke
	}
	sealed, err := c.send.seal(f)
	if err == nil && c.prefix != nil {
		sealed = append(c.prefix, sealed...)
		c.prefix = nil
	}
	return sealed, err
}

// Receive reads the next frame into f and opens it in place. It returns io.EOF after the peer's
// authenticated end and only then, and ErrIntegrity for whatever is not the peer's next frame, an end of
// the stream before its authenticated one included. When the transport fails, it returns an error that
// matches os.ErrDeadlineExceeded if time ran out, and otherwise ErrBroken. The first error is final: what
// follows it on the transport is not looked at, and every later Receive returns the same error.
func (c *Channel) Receive(f *Frame) error {
	if c.received == nil {
		c.received = c.next(f)
	}
	return c.received
}

func (c *Channel) next(f *Frame) error {
	if c.receive.ended {
		return c.expectEnd()
	}
	if err := c.readSalt(); err != nil {
		return err
	}
	if _, err := io.ReadFull(c.in, f.buf[:frameHeader]); err != nil {
		return cutOff(err)
	}
	if err := f.parseHeader(); err != nil {
		return err
	}
	if _, err := io.ReadFull(c.in, f.sealed()); err != nil {
		return cutOff(err)
	}
	if err := c.receive.open(f); err != nil {
		return err
	}
	if f.end && f.n == 0 && !c.wordless {
		return c.expectEnd()
	}
	return nil
}

// expectEnd makes sure that nothing follows the authenticated end.
func (c *Channel) expectEnd() error {
	var trailing [1]byte
	_, err := io.ReadFull(c.in, trailing[:])
	if err == nil { // F5
		return integrity("data after the end")
	}
	if err == io.EOF {
		return err
	}
	return broken(err)
}

func (c *Channel) readSalt() error {
	if c.salted {
		return nil
	}
	var salt [saltSize]byte
	if _, err := io.ReadFull(c.in, salt[:]); err != nil {
		return cutOff(err)
	}
	c.receive.secret = c.derive(salt)
	c.salted = true
	return nil
}

// SetReadDeadline bounds the Receive calls that follow, and those under way.
func (c *Channel) SetReadDeadline(t time.Time) error {
	return broken(c.transport.SetReadDeadline(t))
}

// SetWriteDeadline bounds the Send calls that follow, and those under way.
func (c *Channel) SetWriteDeadline(t time.Time) error {
	return broken(c.transport.SetWriteDeadline(t))
}

// Reset gives the stream up in both directions at once.
func (c *Channel) Reset() { _ = c.transport.Reset() }

// Close gives the transport back. It is no authenticated end: that is CloseSend.
func (c *Channel) Close() error { return c.transport.Close() }
