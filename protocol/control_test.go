package protocol

import (
	"crypto/rand"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// controls are the two ends of the control stream of a session.
func (w *world) controls(t testing.TB) (initiator, responder *Control, near, far *pipe) {
	t.Helper()
	i, r := w.sessions(t)
	near, far = newPipe()
	initiator, err := i.Control(near, rand.Reader)
	check(t, err)
	responder, err = r.Control(far, rand.Reader)
	check(t, err)
	return initiator, responder, near, far
}

func TestGoodbye(t *testing.T) {
	w := newWorld(t)
	for _, reason := range []Goodbye{GoodbyeDone, GoodbyeShutdown, GoodbyeNotAllowed, GoodbyeNotRegistered} {
		i, r, near, _ := w.controls(t)
		check(t, i.KeepAlive())
		check(t, i.Goodbye(reason))
		sent := len(near.out.tap)
		check(t, errors.Join(i.KeepAlive(), i.Goodbye(GoodbyeDone)))
		if len(near.out.tap) != sent {
			t.Error("something was said after the goodbye")
		}
		got, err := r.Receive()
		check(t, err)
		if got != reason {
			t.Errorf("got %s, want %s", got, reason)
		}
		check(t, r.Goodbye(GoodbyeDone))
		if got, err = i.Receive(); err != nil || got != GoodbyeDone {
			t.Errorf("answered %s, %v", got, err)
		}
	}
}

func TestControlMessagesOfOtherForms(t *testing.T) {
	w := newWorld(t)
	for name, send := range map[string]func(*Channel) error{
		"content":               func(c *Channel) error { return c.Send(content("\x01")) },
		"nothing":               func(c *Channel) error { return c.Send(text("")) },
		"kind 0":                func(c *Channel) error { return c.Send(text("\x00")) },
		"kind 3":                func(c *Channel) error { return c.Send(text("\x03")) },
		"keep-alive and more":   func(c *Channel) error { return c.Send(text("\x01\x01")) },
		"nothing as the end":    func(c *Channel) error { return c.CloseSend() },
		"keep-alive as the end": func(c *Channel) error { return c.sendLast(text("\x01")) },
		"goodbye without why":   func(c *Channel) error { return c.sendLast(text("\x02")) },
		"goodbye for 0":         func(c *Channel) error { return c.sendLast(text("\x02\x00")) },
		"goodbye for 5":         func(c *Channel) error { return c.sendLast(text("\x02\x05")) },
		"goodbye and more":      func(c *Channel) error { return c.sendLast(text("\x02\x01\x01")) },
		"goodbye, not the end":  func(c *Channel) error { return c.Send(text("\x02\x01")) },
	} {
		i, r, _, _ := w.controls(t)
		check(t, send(i.channel))
		_ = i.Goodbye(GoodbyeDone) // so that a side which takes the message for a keep-alive does not wait
		_, err := r.Receive()
		wantIntegrity(t, name, err)
	}
}

// A last frame without a message is refused when it comes, though the stream does not end.
func TestControlEndsWithoutAWord(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		i, r, _, _ := w.controls(t)
		f := text("")
		f.end = true
		check(t, i.channel.write(f))
		_, err := r.Receive()
		wantIntegrity(t, "nothing as the end", err)
	})
}

func content(s string) *Frame {
	f := text(s)
	f.Kind = KindContent
	return f
}

// A peer that says nothing for three intervals is gone; one that keeps saying that it is there is not.
func TestKeepAlive(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		i, r, _, _ := w.controls(t)
		start := time.Now()
		go func() {
			for range 5 {
				time.Sleep(KeepAlive)
				_ = i.KeepAlive()
			}
		}()
		_, err := r.Receive()
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 5*KeepAlive+peerSilence {
			t.Errorf("given up after %v", took)
		}
	})
}

// slowPipe is a pipe on which each message waits behind others for a while.
type slowPipe struct {
	*pipe
	delay    time.Duration
	deadline time.Time
}

func (p *slowPipe) SetWriteDeadline(t time.Time) error {
	p.deadline = t
	return nil
}

func (p *slowPipe) Write(b []byte) (int, error) {
	if left := time.Until(p.deadline); left < p.delay {
		time.Sleep(left)
		return 0, os.ErrDeadlineExceeded
	}
	time.Sleep(p.delay)
	return p.pipe.Write(b)
}

// A line on which a keep-alive takes longer than the next one is away holds the session all the same.
func TestKeepAliveOnASlowLine(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		i, r := w.sessions(t)
		near, far := newPipe()
		slow, err := i.Control(&slowPipe{pipe: near, delay: KeepAlive + 10*time.Second}, rand.Reader)
		check(t, err)
		control, err := r.Control(far, rand.Reader)
		check(t, err)
		over := make(chan error, 1)
		go func() {
			_, err := control.Receive()
			over <- err
		}()
		for range 5 {
			check(t, slow.KeepAlive())
		}
		control.Close()
		if err := <-over; !errors.Is(err, ErrBroken) {
			t.Errorf("got %v", err)
		}
	})
}

func TestControlIsNoDataStream(t *testing.T) {
	i, r := newWorld(t).sessions(t)
	near, far := newPipe()
	control, err := i.Control(near, rand.Reader)
	check(t, err)
	check(t, control.KeepAlive())
	check(t, near.CloseWrite())
	_, err = r.Accept(far, rand.Reader)
	if err == nil {
		_, err = received(r, near.out.tap)
	}
	wantIntegrity(t, "a control stream as a data stream", err)
}

// TestKeepAliveLeavesAGoodbyeItsDeadline: the two seconds of a goodbye that is stuck are not prolonged by a
// keep-alive that is due meanwhile, and a second goodbye waits for the first.
func TestKeepAliveLeavesAGoodbyeItsDeadline(t *testing.T) {
	i, _ := newWorld(t).sessions(t)
	near, _ := newPipe()
	stuck := &stuckTransport{pipe: near, writing: make(chan struct{}), end: make(chan struct{})}
	c, err := i.Control(stuck, rand.Reader)
	check(t, err)
	ended := make(chan error, 2)
	go func() { ended <- c.Goodbye(GoodbyeDone) }()
	<-stuck.writing
	set := stuck.deadlines
	check(t, c.KeepAlive())
	go func() { ended <- c.Goodbye(GoodbyeShutdown) }()
	select {
	case err := <-ended:
		t.Errorf("a goodbye has ended before it was said: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(stuck.end)
	first, second := <-ended, <-ended
	if !errors.Is(first, os.ErrDeadlineExceeded) || !errors.Is(second, os.ErrDeadlineExceeded) || set != 1 || stuck.deadlines != set {
		t.Errorf("deadline number %d, then %d; %v, %v", set, stuck.deadlines, first, second)
	}
}

// stuckTransport takes nothing, until its end.
type stuckTransport struct {
	*pipe
	writing   chan struct{} // closed by the first Write
	end       chan struct{}
	deadlines int // that were set
}

func (s *stuckTransport) SetWriteDeadline(time.Time) error {
	s.deadlines++
	return nil
}

func (s *stuckTransport) Write([]byte) (int, error) {
	close(s.writing)
	<-s.end
	return 0, os.ErrDeadlineExceeded
}
