package host

import (
	"context"
	"encoding/binary"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// yamux frames: a header of 12 bytes with the type in the second, and the length of the content at its end.
// Only frames of type data have content.
const (
	frameHeader = 12
	frameData   = 0
)

// pacedSocket is the connection below a muxer, which writes one frame with each Write.
type pacedSocket struct {
	net.Conn
	queue    *queue
	began    time.Time
	lastRead atomic.Int64 // in nanoseconds since began, as is
	// lastWrite, of content only: the muxer's own pings leave, and go nowhere
	lastWrite atomic.Int64
}

func (s *pacedSocket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if n > 0 {
		s.lastRead.Store(int64(time.Since(s.began)))
	}
	return n, err
}

// moved returns when something last came, or was taken by this system for the peer.
func (s *pacedSocket) moved() time.Time {
	return s.began.Add(time.Duration(max(s.lastRead.Load(), s.lastWrite.Load())))
}

// took returns when this system last took something for the peer.
func (s *pacedSocket) took() time.Time { return s.began.Add(time.Duration(s.lastWrite.Load())) }

func (s *pacedSocket) Write(frame []byte) (int, error) {
	n, err := s.Conn.Write(frame)
	if err != nil {
		s.queue.close()
		return n, err
	}
	if len(frame) >= frameHeader && frame[1] == frameData {
		s.lastWrite.Store(int64(time.Since(s.began)))
		s.queue.add(-int(binary.BigEndian.Uint32(frame[frameHeader-4:])))
	}
	return n, nil
}

func (s *pacedSocket) Close() error {
	s.queue.close()
	return s.Conn.Close()
}

// pacedConn is a muxer's connection whose streams wait for the socket.
type pacedConn struct {
	network.MuxedConn
	queue  *queue
	socket *pacedSocket
	places *places // for the streams that the peer opens; nil: as many as it likes
}

// As finds this connection itself, for Silent, and what is below it.
func (c *pacedConn) As(target any) bool {
	if p, ok := target.(**pacedConn); ok {
		*p = c
		return true
	}
	return c.MuxedConn.As(target)
}

func (c *pacedConn) OpenStream(ctx context.Context) (network.MuxedStream, error) {
	s, err := c.MuxedConn.OpenStream(ctx)
	if err != nil {
		return nil, err
	}
	return newPacedStream(s, c.socket, func() {}), nil
}

// AcceptStream waits for a stream, and before that for a place: a stream gets its window when it is accepted.
func (c *pacedConn) AcceptStream() (network.MuxedStream, error) {
	leave := c.places.take()
	s, err := c.MuxedConn.AcceptStream()
	if err != nil {
		return nil, err
	}
	return newPacedStream(s, c.socket, leave), nil
}

// small is the size in bytes of a Write that does not wait: signs of life and goodbyes, which are late
// otherwise, and short answers. What bounds them is that the muxer takes 64 frames.
const small = 4 << 10

// pacedStream is a stream whose Write returns when little waits before the socket. The wait comes after the
// muxer has taken the bytes: a stream that waits for the window of its peer holds up no other. While the
// socket takes what others have written, a deadline does not end the wait: where many share a slow line, a
// turn may take longer than any of them would wait for one that rests. A Write whose wait was ended fails with
// os.ErrDeadlineExceeded, or network.ErrReset.
type pacedStream struct {
	network.MuxedStream
	socket *pacedSocket
	leave  func() // gives its place back

	mu       sync.Mutex
	over     chan struct{} // closed when nobody waits any more: reset, or the deadline
	past     bool          // over is closed
	deadline time.Time     // of those who wait; zero: none
	within   time.Duration // from when it was set
	timer    *time.Timer   // of the deadline; nil before the first
	ended    bool          // by this side: it is not the deadline that nobody waits for
}

func newPacedStream(s network.MuxedStream, socket *pacedSocket, leave func()) *pacedStream {
	return &pacedStream{MuxedStream: s, socket: socket, leave: leave, over: make(chan struct{})}
}

func (s *pacedStream) Write(p []byte) (int, error) {
	n, err := s.MuxedStream.Write(p)
	s.socket.queue.add(n)
	if err == nil && n > small {
		err = s.wait()
	}
	return n, err
}

// wait waits for the socket.
func (s *pacedStream) wait() error {
	s.mu.Lock()
	over := s.over
	s.mu.Unlock()
	if s.socket.queue.wait(over) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return network.ErrReset
	}
	return os.ErrDeadlineExceeded
}

func (s *pacedStream) SetDeadline(t time.Time) error {
	s.setDeadline(t)
	return s.MuxedStream.SetDeadline(t)
}

func (s *pacedStream) SetWriteDeadline(t time.Time) error {
	s.setDeadline(t)
	return s.MuxedStream.SetWriteDeadline(t)
}

// setDeadline ends a wait at t; never, for the zero time. Only where t is to come is it put off while the
// socket moves.
func (s *pacedStream) setDeadline(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended && s.past {
		return
	}
	if s.past {
		s.over, s.past = make(chan struct{}), false
	}
	if s.timer != nil {
		s.timer.Stop() // or late finds what is new
	}
	s.deadline, s.within = t, time.Until(t)
	switch {
	case t.IsZero():
	case s.within <= 0:
		s.expire()
	case s.timer == nil:
		s.timer = time.AfterFunc(s.within, s.late)
	default:
		s.timer.Reset(s.within)
	}
}

// late ends the wait if the deadline has come and the socket rests, and comes back if not.
func (s *pacedStream) late() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deadline.IsZero() || s.past {
		return
	}
	end := s.deadline
	if rests := s.socket.took().Add(s.within); rests.After(end) {
		end = rests
	}
	if left := time.Until(end); left > 0 {
		s.timer.Reset(left)
		return
	}
	s.expire()
}

func (s *pacedStream) expire() {
	close(s.over)
	s.past = true
}

func (s *pacedStream) Reset() error {
	defer s.leave()
	s.endWait()
	return s.MuxedStream.Reset()
}

func (s *pacedStream) ResetWithError(code network.StreamErrorCode) error {
	defer s.leave()
	s.endWait()
	return s.MuxedStream.ResetWithError(code)
}

func (s *pacedStream) Close() error {
	defer s.leave()
	s.endWait()
	return s.MuxedStream.Close()
}

// endWait ends a wait, and those to come.
func (s *pacedStream) endWait() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.setDeadline(time.Now())
}
