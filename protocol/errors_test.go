package protocol

import (
	"crypto/rand"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-yamux/v5"
)

// dead is a transport on which everything ends in one error.
type dead struct{ err error }

func (d dead) Read([]byte) (int, error)         { return 0, d.err }
func (d dead) Write([]byte) (int, error)        { return 0, d.err }
func (d dead) Close() error                     { return d.err }
func (d dead) CloseWrite() error                { return d.err }
func (d dead) Reset() error                     { return d.err }
func (d dead) SetReadDeadline(time.Time) error  { return d.err }
func (d dead) SetWriteDeadline(time.Time) error { return d.err }

// Whatever a transport calls its errors, a channel has two for them, and keeps the transport's own.
func TestErrorsOfTheTransport(t *testing.T) {
	i, _ := newWorld(t).sessions(t)
	for _, c := range []struct{ err, want, not error }{
		{errReset, ErrBroken, os.ErrDeadlineExceeded},
		{&network.StreamError{Remote: true, ErrorCode: network.StreamResourceLimitExceeded}, ErrBroken, os.ErrDeadlineExceeded},
		{yamux.ErrRemoteGoAway, ErrBroken, os.ErrDeadlineExceeded},
		{io.ErrClosedPipe, ErrBroken, os.ErrDeadlineExceeded},
		{yamux.ErrTimeout, os.ErrDeadlineExceeded, ErrBroken},
		{os.ErrDeadlineExceeded, os.ErrDeadlineExceeded, ErrBroken},
	} {
		ch, err := i.Open(dead{c.err}, rand.Reader)
		check(t, err)
		for what, err := range map[string]error{
			"Receive":          ch.Receive(NewFrame()),
			"Send":             ch.Send(text("x")),
			"CloseSend":        ch.CloseSend(),
			"SetReadDeadline":  ch.SetReadDeadline(time.Time{}),
			"SetWriteDeadline": ch.SetWriteDeadline(time.Time{}),
		} {
			if !errors.Is(err, c.want) || errors.Is(err, c.not) || errors.Is(err, ErrIntegrity) || !errors.Is(err, c.err) {
				t.Errorf("%s after %v: %v", what, c.err, err)
			}
		}
	}
}

// F6: an end where none may be is no lost connection, wherever it comes.
func TestF6ResetIsNoTruncation(t *testing.T) {
	i, r := newWorld(t).sessions(t)
	stream := streamed(t, i, text("content"))
	for _, n := range []int{8, 8 + saltSize, 8 + saltSize + 2, 8 + saltSize + 10, len(stream)} {
		near, far := newPipe()
		_, err := far.Write(stream[:n])
		check(t, err)
		far.out.end(errReset)
		ch, err := r.Accept(near, rand.Reader)
		for f := NewFrame(); err == nil; {
			err = ch.Receive(f)
		}
		if !errors.Is(err, ErrBroken) || errors.Is(err, ErrIntegrity) {
			t.Errorf("a reset after %d bytes: %v", n, err)
		}
		stream = streamed(t, i, text("content")) // each number counts once
	}
}

// What could not be written leaves a gap that the peer would take for an attack: nothing is sent after it, though
// the transport has recovered.
func TestTheFirstErrorOfSendingIsFinal(t *testing.T) {
	i, _ := newWorld(t).sessions(t)
	for name, fail := range map[string]func(*Channel) error{
		"send":  func(c *Channel) error { return c.Send(text("lost")) },
		"flush": func(c *Channel) error { return errors.Join(c.Hold(text("lost")), c.Flush()) },
		"hold": func(c *Channel) error {
			var err error
			for f := NewFrame(); err == nil; err = c.Hold(f) {
				f.Kind = KindContent
				f.Resize(FramePayload)
			}
			return err
		},
	} {
		near, _ := newPipe()
		flaky := &flakyTransport{pipe: near}
		c, err := i.Open(flaky, rand.Reader)
		check(t, err)
		check(t, c.Send(text("arrives")))
		sent := len(near.out.tap)
		flaky.down = true
		if err := fail(c); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		flaky.down = false
		for _, err := range []error{c.Send(text("late")), c.Hold(text("late")), c.Flush(), c.CloseSend()} {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("after %s: %v", name, err)
			}
		}
		if len(near.out.tap) != sent {
			t.Errorf("after %s: something was sent", name)
		}
	}
}

// flakyTransport takes nothing while it is down.
type flakyTransport struct {
	*pipe
	down bool
}

func (f *flakyTransport) Write(p []byte) (int, error) {
	if f.down {
		return 0, os.ErrDeadlineExceeded
	}
	return f.pipe.Write(p)
}
