package control

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"time"

	"github.com/certexch/certexch/protocol"
)

// channel carries frames over the socket, as a session's sealed channel does over the network. One
// goroutine may send while another receives.
type channel struct {
	conn     net.Conn
	out      *bufio.Writer
	in       *bufio.Reader
	received error // how receiving ended
	ended    bool  // this direction
}

func newChannel(conn net.Conn) *channel {
	return &channel{conn: conn, out: bufio.NewWriterSize(conn, protocol.FrameSize), in: bufio.NewReaderSize(conn, protocol.FrameSize)}
}

// Send writes f, after what Hold has kept.
func (c *channel) Send(f *protocol.Frame) error {
	if err := c.Hold(f); err != nil {
		return err
	}
	return c.Flush()
}

// Hold keeps f to be written with what follows, at the latest by Flush.
func (c *channel) Hold(f *protocol.Frame) error {
	kind := byte(blockMessage)
	if f.Kind == protocol.KindContent {
		kind = blockContent
	}
	return writeBlock(c.out, kind, f.Payload())
}

// Flush writes what Hold has kept.
func (c *channel) Flush() error { return broken(c.out.Flush()) }

// Ready reports whether the next frame has arrived.
func (c *channel) Ready() bool {
	if c.in.Buffered() < blockHeader {
		return false
	}
	header, err := c.in.Peek(blockHeader)
	return err == nil && uint64(c.in.Buffered()) >= blockHeader+uint64(binary.BigEndian.Uint32(header[1:]))
}

// CloseSend ends this direction.
func (c *channel) CloseSend() error {
	if c.ended {
		return nil
	}
	c.ended = true
	if err := writeBlock(c.out, blockEnd, nil); err != nil {
		return err
	}
	return c.Flush()
}

// Receive reads the next frame into f. It returns io.EOF after the end of the other direction, and
// a *Failure when the other side says why there is no more.
func (c *channel) Receive(f *protocol.Frame) error {
	if c.received == nil {
		c.received = c.next(f)
	}
	return c.received
}

func (c *channel) next(f *protocol.Frame) error {
	kind, n, err := readHeader(c.in)
	if err != nil {
		return err
	}
	switch kind {
	case blockMessage:
		f.Kind = protocol.KindMessage
	case blockContent:
		f.Kind = protocol.KindContent
	case blockEnd:
		return io.EOF
	case blockFailure:
		return readFailure(c.in, n)
	default:
		return ErrProtocol
	}
	_, err = io.ReadFull(c.in, f.Resize(n))
	return cutOff(err)
}

// fail tells the other side why there is no more.
func (c *channel) fail(f *Failure) error {
	if err := writeJSON(c.out, blockFailure, f); err != nil {
		return err
	}
	return c.Flush()
}

// SetReadDeadline bounds the Receive calls that follow, and those under way.
func (c *channel) SetReadDeadline(t time.Time) error { return broken(c.conn.SetReadDeadline(t)) }

// SetWriteDeadline bounds the Send calls that follow, and those under way.
func (c *channel) SetWriteDeadline(t time.Time) error { return broken(c.conn.SetWriteDeadline(t)) }

// Reset gives the channel up.
func (c *channel) Reset() { _ = c.conn.Close() }

// Close gives the channel back.
func (c *channel) Close() error { return c.conn.Close() }
