package host

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// valve is a connection whose reader can be stopped, after the Read under way: a peer that the network has
// forgotten.
type valve struct {
	net.Conn
	mu    sync.Mutex
	shut  chan struct{} // nil while it is open; closed to open it
	pause time.Duration // before each Read
	gone  chan struct{} // closed by Close
	end   sync.Once
}

func (v *valve) Close() error {
	v.end.Do(func() { close(v.gone) })
	return v.Conn.Close()
}

func (v *valve) Read(p []byte) (int, error) {
	v.mu.Lock()
	shut, pause := v.shut, v.pause
	v.mu.Unlock()
	time.Sleep(pause)
	if shut != nil {
		select {
		case <-shut:
		case <-v.gone:
		}
	}
	return v.Conn.Read(p[:min(len(p), 4<<10)])
}

// stop shuts the valve until open is called.
func (v *valve) stop() (open func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.shut = make(chan struct{})
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		close(v.shut)
		v.shut = nil
	}
}

// muxedPair returns a connection as the accepting and as the dialling side have it, with the queue of the former
// and a valve before the latter.
func muxedPair(t *testing.T) (accepted, dialled network.MuxedConn, q *queue, v *valve) {
	t.Helper()
	near, far := net.Pipe()
	return muxedOver(t, near, far)
}

// muxedOver is muxedPair over a connection that stands: near is the accepting side's.
func muxedOver(t *testing.T, near, far net.Conn) (accepted, dialled network.MuxedConn, q *queue, v *valve) {
	t.Helper()
	v = &valve{Conn: far, gone: make(chan struct{})}
	m := newMuxer()
	made := make(chan error, 1)
	go func() {
		var err error
		dialled, err = m.NewConn(v, false, nil)
		made <- err
	}()
	accepted, err := m.NewConn(near, true, nil)
	if err := errors.Join(err, <-made); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialled.Close(); accepted.Close() })
	return accepted, dialled, accepted.(*pacedConn).queue, v
}

// openPair opens a stream from the dialling side.
func openPair(t *testing.T, accepted, dialled network.MuxedConn) (sender, receiver network.MuxedStream) {
	t.Helper()
	receiver, err := dialled.OpenStream(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := receiver.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	sender, err = accepted.AcceptStream()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(sender, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return sender, receiver
}

const frame = frameContent

// writeUntilStuck writes frames until the deadline ends it, and returns how many bytes were taken.
func writeUntilStuck(t *testing.T, s network.MuxedStream) (taken int) {
	t.Helper()
	if err := s.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for {
		n, err := s.Write(make([]byte, frame))
		taken += n
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded), os.IsTimeout(err):
			return taken
		default:
			t.Fatal(err)
		}
	}
}

// A receiver that takes nothing holds a few frames of this side's memory, whatever yamux would queue; and all of
// them arrive once it takes them.
func TestSlowReceiverHoldsItsCap(t *testing.T) {
	accepted, dialled, q, v := muxedPair(t)
	sender, receiver := openPair(t, accepted, dialled)
	open := v.stop()
	taken := writeUntilStuck(t, sender)
	if most := queueLimit + 2*frame; taken > most || taken < frame {
		t.Errorf("%d bytes were taken, more than %d", taken, most)
	}
	open()
	if _, err := io.CopyN(io.Discard, receiver, int64(taken)); err != nil {
		t.Fatal(err)
	}
	if err := sender.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := sender.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(receiver, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	for counted := 1; counted != 0; { // the last frame is counted when its Write returns
		q.mu.Lock()
		counted = q.bytes
		q.mu.Unlock()
	}
}

// A stream whose peer reads nothing fills its own window, and holds up no other of the connection.
func TestFullWindowHoldsUpNobody(t *testing.T) {
	accepted, dialled, _, _ := muxedPair(t)
	stuck, _ := openPair(t, accepted, dialled)
	if err := stuck.SetWriteDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	blocked := make(chan struct{})
	go func() {
		defer close(blocked)
		for {
			if _, err := stuck.Write(make([]byte, frame)); err != nil {
				return
			}
		}
	}()
	sender, receiver := openPair(t, accepted, dialled)
	go func() {
		for range 400 { // three windows
			_, _ = sender.Write(make([]byte, frame))
		}
	}()
	if _, err := io.CopyN(io.Discard, receiver, 400*frame); err != nil {
		t.Fatal(err)
	}
	_ = stuck.Reset()
	<-blocked
}

// What waits for the socket ends with a reset, with the deadline, also with one that is set meanwhile, and with
// the connection.
func TestWaitForTheSocketEnds(t *testing.T) {
	for name, end := range map[string]func(network.MuxedConn, network.MuxedStream){
		"reset":    func(_ network.MuxedConn, s network.MuxedStream) { _ = s.Reset() },
		"close":    func(_ network.MuxedConn, s network.MuxedStream) { _ = s.Close() },
		"deadline": func(_ network.MuxedConn, s network.MuxedStream) { _ = s.SetDeadline(time.Now()) },
		"deadline, put off": func(_ network.MuxedConn, s network.MuxedStream) {
			_ = s.SetWriteDeadline(time.Now().Add(time.Hour))
			_ = s.SetWriteDeadline(time.Now())
		},
		"reset, the deadline lifted before": func(_ network.MuxedConn, s network.MuxedStream) {
			for range 2 {
				_ = s.SetWriteDeadline(time.Now().Add(time.Hour))
				_ = s.SetWriteDeadline(time.Time{})
			}
			_ = s.SetWriteDeadline(time.Now().Add(time.Hour))
			_ = s.Reset()
		},
		"connection": func(c network.MuxedConn, _ network.MuxedStream) { _ = c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			accepted, dialled, q, v := muxedPair(t)
			sender, _ := openPair(t, accepted, dialled)
			defer v.stop()()
			ended := make(chan error, 1)
			go func() {
				for {
					if _, err := sender.Write(make([]byte, frame)); err != nil {
						ended <- err
						return
					}
				}
			}()
			for q.length() == 0 { // until it waits
			}
			end(accepted, sender)
			select {
			case err := <-ended:
				if strings.HasPrefix(name, "deadline") != errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%v", err)
				}
			case <-time.After(5 * time.Second): // after 10 s yamux gives the socket up
				t.Error("it waits on")
			}
		})
	}
}

// Where many share a line so slow that a turn takes longer than each has for a frame, none fails, and signs of
// life do not wait: the line never rests.
func TestManyShareASlowLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		accepted, dialled, _, v := muxedPair(t)
		const idle = 15 * time.Second
		var sent sync.WaitGroup
		quick, other := openPair(t, accepted, dialled)
		go func() { _, _ = io.Copy(io.Discard, other) }()
		v.mu.Lock()
		v.pause = (4 << 10) * time.Second / (50 << 10) // 400 kbit/s
		v.mu.Unlock()
		for range 20 {
			sender, receiver := openPair(t, accepted, dialled)
			go func() { _, _ = io.Copy(io.Discard, receiver) }()
			sent.Go(func() {
				for range 3 {
					_ = sender.SetWriteDeadline(time.Now().Add(idle))
					if n, err := sender.Write(make([]byte, frame)); err != nil {
						t.Errorf("%d bytes, %v", n, err)
						return
					}
				}
			})
		}
		for range 5 {
			time.Sleep(idle / 2)
			start := time.Now()
			_ = quick.SetWriteDeadline(start.Add(idle))
			if _, err := quick.Write([]byte{1}); err != nil || time.Since(start) > idle/5 {
				t.Errorf("a sign of life after %v: %v", time.Since(start), err)
			}
		}
		sent.Wait()
	})
}

// Where the line takes nothing any more, the deadline ends the wait.
func TestALineThatRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		accepted, dialled, q, v := muxedPair(t)
		sender, _ := openPair(t, accepted, dialled)
		defer v.stop()()
		q.add(queueLimit) // of others
		start := time.Now()
		_ = sender.SetWriteDeadline(start.Add(5 * time.Second))
		if _, err := sender.Write(make([]byte, frame)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("after %v", took)
		}
	})
}

// silentConn is a network.Conn with a muxed connection below it.
type silentConn struct {
	network.Conn
	muxed network.MuxedConn
}

func (c silentConn) As(target any) bool { return c.muxed.As(target) }

// A peer that is there answers when it is asked, also one that has much to say; one that is gone does not.
func TestSilent(t *testing.T) {
	accepted, dialled, _, v := muxedPair(t)
	conn := silentConn{muxed: dialled}
	if Silent(t.Context(), conn, 20*time.Second) {
		t.Error("a peer that is there is silent")
	}
	open := v.stop()
	Silent(t.Context(), conn, 50*time.Millisecond) // the Read under way may bring an answer
	if !Silent(t.Context(), conn, 50*time.Millisecond) {
		t.Error("a peer that is gone is not silent")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if Silent(ctx, conn, time.Hour) {
		t.Error("silent before its time")
	}
	open()
	if Silent(t.Context(), silentConn{muxed: accepted}, 20*time.Second) {
		t.Error("a peer that is back is silent")
	}
	sender, receiver := openPair(t, accepted, dialled)
	if _, err := sender.Write(make([]byte, frame)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, receiver, frame); err != nil {
		t.Fatal(err)
	}
	open = v.stop() // and the network takes nothing, or little, of what is on its way
	go func() { _, _ = sender.Write(make([]byte, 2*frame)) }()
	for accepted.(*pacedConn).queue.empty() {
	}
	if Silent(t.Context(), silentConn{muxed: accepted}, 50*time.Millisecond) {
		t.Error("a peer for whom something is on its way is silent")
	}
	open()
	if _, err := io.CopyN(io.Discard, receiver, 2*frame); err != nil {
		t.Fatal(err)
	}
	if h := dialled.(*pacedConn).socket.moved(); time.Since(h) > time.Minute {
		t.Errorf("moved %v ago", time.Since(h))
	}
}

// A question that yamux has asked before, and that is not answered, is no sign of life.
func TestSilentAfterAQuestionOfTheMuxer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, dialled, _, v := muxedPair(t)
		time.Sleep(20 * time.Second)
		defer v.stop()()
		// The Read under way brings yamux the answer of 30 s. It asks again at 60 s, and gives up at 70 s.
		time.Sleep(48 * time.Second)
		if !Silent(t.Context(), silentConn{muxed: dialled}, 3*time.Second) {
			t.Error("a peer that is gone is not silent")
		}
	})
}
