package protocol

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// pipe is one end of a stream in memory, with the manners of a libp2p stream: deadlines, half-close,
// reset. What is written waits until it is read.
type pipe struct {
	in, out      *line
	readDeadline time.Time
}

func newPipe() (a, b *pipe) {
	ab, ba := newLine(), newLine()
	return &pipe{in: ba, out: ab}, &pipe{in: ab, out: ba}
}

// line is one direction of a pipe, with a tap on it.
type line struct {
	mu      sync.Mutex
	changed chan struct{} // closed and replaced at every change
	waiting []byte
	ended   error // what a reader gets when nothing is waiting any more

	tap  []byte // all that was ever written
	flip int    // the byte of the tap whose lowest bit is flipped on its way; negative for none
}

func newLine() *line { return &line{changed: make(chan struct{}), flip: -1} }

var errReset = errors.New("stream reset")

// change runs f and wakes whoever waits.
func (l *line) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	close(l.changed)
	l.changed = make(chan struct{})
}

func (p *pipe) Write(b []byte) (n int, err error) {
	p.out.change(func() {
		if err = p.out.ended; err != nil {
			return
		}
		arriving := append([]byte(nil), b...)
		if at := p.out.flip - len(p.out.tap); at >= 0 && at < len(b) {
			arriving[at] ^= 1
		}
		p.out.tap = append(p.out.tap, b...)
		p.out.waiting = append(p.out.waiting, arriving...)
		n = len(b)
	})
	return n, err
}

func (p *pipe) Read(b []byte) (int, error) {
	for {
		n, changed, err := p.in.take(b)
		if n > 0 || err != nil {
			return n, err
		}
		if err := p.wait(changed); err != nil {
			return 0, err
		}
	}
}

func (l *line) take(b []byte) (n int, changed <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = copy(b, l.waiting)
	l.waiting = l.waiting[n:]
	if n == 0 && len(b) > 0 {
		err = l.ended
	}
	return n, l.changed, err
}

func (p *pipe) wait(changed <-chan struct{}) error {
	if p.readDeadline.IsZero() {
		<-changed
		return nil
	}
	timer := time.NewTimer(time.Until(p.readDeadline))
	defer timer.Stop()
	select {
	case <-changed:
		return nil
	case <-timer.C:
		return os.ErrDeadlineExceeded
	}
}

func (p *pipe) CloseWrite() error {
	p.out.end(io.EOF)
	return nil
}

func (l *line) end(err error) {
	l.change(func() {
		if l.ended == nil {
			l.ended = err
		}
	})
}

func (p *pipe) Reset() error {
	for _, l := range []*line{p.in, p.out} {
		l.change(func() { l.waiting, l.ended = nil, errReset })
	}
	return nil
}

func (p *pipe) Close() error { return p.CloseWrite() }

func (p *pipe) SetReadDeadline(t time.Time) error {
	p.readDeadline = t
	return nil
}

func (p *pipe) SetWriteDeadline(time.Time) error { return nil }

// zeros is randomness for tests that want none.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
