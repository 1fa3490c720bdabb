package control

import (
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/certexch/certexch/protocol"
)

// channel carries frames over the socket, as a session's sealed channel does over the network. One
// goroutine may send while another receives.
type channel struct {
	conn     net.Conn
	received error // how receiving ended
	ended    atomic.Bool
}

// Send writes f.
func (c *channel) Send(f *protocol.Frame) error {
	kind := byte(blockMessage)
	if f.Kind == protocol.KindContent {
		kind = blockContent
	}
	return writeBlock(c.conn, kind, f.Payload())
}

// Hold writes f at once: nothing is gained on a local socket.
func (c *channel) Hold(f *protocol.Frame) error { return c.Send(f) }

// Flush has nothing to write.
func (c *channel) Flush() error { return nil }

// Ready is false: it does not look.
func (c *channel) Ready() bool { return false }

// CloseSend ends this direction.
func (c *channel) CloseSend() error {
	if c.ended.Swap(true) {
		return nil
	}
	return writeBlock(c.conn, blockEnd, nil)
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
	kind, n, err := readHeader(c.conn)
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
		return readFailure(c.conn, n)
	default:
		return ErrProtocol
	}
	_, err = io.ReadFull(c.conn, f.Resize(n))
	return cutOff(err)
}

// fail tells the other side why there is no more.
func (c *channel) fail(f *Failure) error { return writeJSON(c.conn, blockFailure, f) }

// SetReadDeadline bounds the Receive calls that follow, and those under way.
func (c *channel) SetReadDeadline(t time.Time) error { return broken(c.conn.SetReadDeadline(t)) }

// SetWriteDeadline bounds the Send calls that follow, and those under way.
func (c *channel) SetWriteDeadline(t time.Time) error { return broken(c.conn.SetWriteDeadline(t)) }

// Reset gives the channel up.
func (c *channel) Reset() { _ = c.conn.Close() }

// Close gives the channel back.
func (c *channel) Close() error { return c.conn.Close() }
