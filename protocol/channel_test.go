package protocol

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// sessions are the two sides of a completed exchange.
func (w *world) sessions(t testing.TB) (initiator, responder *Session) {
	t.Helper()
	return converse(w.initiator(t), w.responder(t), nil).both(t)
}

func text(s string) *Frame {
	f := NewFrame()
	f.Kind = KindMessage
	copy(f.Resize(len(s)), s)
	return f
}

// streamed is what s puts on a transport for a stream of its own with these frames and an end.
func streamed(t testing.TB, s *Session, frames ...*Frame) []byte {
	t.Helper()
	near, _ := newPipe()
	c, err := s.Open(near, rand.Reader)
	check(t, err)
	for _, f := range frames {
		check(t, c.Send(f))
	}
	check(t, c.CloseSend())
	return near.out.tap
}

// received is what s makes of bytes that arrive as a stream of the peer: the payloads, and how it ended.
func received(s *Session, stream []byte) (payloads []string, err error) {
	near, far := newPipe()
	_, _ = far.Write(stream)
	_ = far.CloseWrite()
	c, err := s.Accept(near, rand.Reader)
	for f := NewFrame(); err == nil; {
		if err = c.Receive(f); err == nil {
			payloads = append(payloads, string(f.Payload()))
		}
	}
	return payloads, err
}

// cut takes a stream apart: number and salt, then each frame.
func cut(stream []byte) (prefix []byte, frames [][]byte) {
	prefix, stream = stream[:8+saltSize], stream[8+saltSize:]
	for len(stream) > 0 {
		n := frameHeader + int(binary.BigEndian.Uint16(stream[2:]))
		frames, stream = append(frames, stream[:n]), stream[n:]
	}
	return prefix, frames
}

func join(prefix []byte, frames ...[]byte) []byte {
	return append(bytes.Clone(prefix), bytes.Join(frames, nil)...)
}

func wantIntegrity(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, ErrIntegrity) {
		t.Errorf("%s: %v", what, err)
	}
}

func TestChannelCarriesFrames(t *testing.T) {
	i, r := newWorld(t).sessions(t)
	for _, s := range []struct{ from, to *Session }{{i, r}, {r, i}} {
		full := NewFrame()
		full.Kind = KindContent
		rand.Read(full.Resize(FramePayload))
		want := []string{"stat nas:reports", "", string(full.Payload())}
		got, err := received(s.to, streamed(t, s.from, text(want[0]), text(""), full))
		if err != io.EOF || !slices.Equal(got, want) {
			t.Errorf("got %d frames, %v", len(got), err)
		}
	}
}

// Both directions of one stream, and a last frame that carries something.
func TestChannelBothWays(t *testing.T) {
	i, r := newWorld(t).sessions(t)
	near, far := newPipe()
	opener, err := i.Open(near, rand.Reader)
	check(t, err)
	check(t, opener.Send(text("ask")))
	accepter, err := r.Accept(far, rand.Reader)
	check(t, err)
	f := NewFrame()
	check(t, accepter.Receive(f))
	if f.Kind != KindMessage || string(f.Payload()) != "ask" {
		t.Errorf("got %q", f.Payload())
	}
	last := text("answer")
	last.end = true
	check(t, accepter.write(last))
	check(t, far.CloseWrite())
	check(t, opener.Receive(f))
	if string(f.Payload()) != "answer" {
		t.Errorf("got %q", f.Payload())
	}
	for range 2 {
		if err := opener.Receive(f); err != io.EOF {
			t.Errorf("after the end: %v", err)
		}
	}
	if err := accepter.Send(f); !errors.Is(err, ErrEnded) {
		t.Errorf("sending after the end: %v", err)
	}
}

// Each byte of a stream flipped in turn: number, salt, headers, sealed bytes, tags, end.
func TestD15EveryByteOfAStream(t *testing.T) {
	i, r := newWorld(t).sessions(t)
	stream := streamed(t, i, text("read nas:reports/q3.csv"), text(""), text("and the next one"))
	for at := range stream {
		flipped := bytes.Clone(stream)
		flipped[at] ^= 1 << (at % 8)
		_, err := received(r.forgetful(), flipped)
		wantIntegrity(t, "flipped", err)
	}
	if got, err := received(r, stream); err != io.EOF || len(got) != 3 {
		t.Errorf("not flipped: %v", err)
	}
}

// forgetful is the session as it was before any stream.
func (s *Session) forgetful() *Session {
	return &Session{role: s.role, peer: s.peer, ours: s.ours, theirs: s.theirs, secret: s.secret}
}

func TestD9CutShort(t *testing.T) {
	i, r := newWorld(t).sessions(t)
	stream := streamed(t, i, text("one"), text("two"))
	for length := range stream {
		_, err := received(r.forgetful(), stream[:length])
		wantIntegrity(t, "cut", err)
	}
}

func TestD9Rearranged(t *testing.T) {
	i, r := newWorld(t).sessions(t)
	prefix, a := cut(streamed(t, i, text("one"), text("two"), text("one")))
	otherPrefix, b := cut(streamed(t, i, text("one"), text("two"), text("one")))
	_, c := cut(streamed(t, r, text("one"), text("two"), text("one")))
	for name, stream := range map[string][]byte{
		"reordered":             join(prefix, a[1], a[0], a[2], a[3]),
		"a frame twice":         join(prefix, a[0], a[0], a[1], a[2], a[3]),
		"a frame dropped":       join(prefix, a[0], a[2], a[3]),
		"an equal frame moved":  join(prefix, a[2], a[1], a[0], a[3]),
		"of another stream":     join(prefix, a[0], b[1], a[2], a[3]),
		"of another direction":  join(prefix, a[0], c[1], a[2], a[3]),
		"end of another stream": join(prefix, a[0], a[1], a[2], b[3]),
		"end too early":         join(prefix, a[0], a[3]),
		"end twice":             join(prefix, a[0], a[1], a[2], a[3], a[3]),
		"data after the end":    append(join(prefix, a...), 0),
		"another stream's salt": join(append(bytes.Clone(prefix[:8]), otherPrefix[8:]...), a...),
		"another number":        join(append(bytes.Clone(otherPrefix[:8]), prefix[8:]...), a...),
	} {
		_, err := received(r.forgetful(), stream)
		wantIntegrity(t, name, err)
	}
	_, err := received(r, join(prefix, a...))
	if err != io.EOF {
		t.Errorf("as it was sent: %v", err)
	}
}

// Streams are opened by either side, and what one side sends is never taken for the other's.
func TestReflectedStream(t *testing.T) {
	i, _ := newWorld(t).sessions(t)
	_, err := received(i, streamed(t, i, text("one")))
	wantIntegrity(t, "own stream", err)
}

func TestForeignSession(t *testing.T) {
	w := newWorld(t)
	i, _ := w.sessions(t)
	_, r := w.sessions(t)
	_, err := received(r, streamed(t, i, text("one")))
	wantIntegrity(t, "a stream of another session", err)
}

// A header that no sender writes is refused before the rest is awaited. It is sealed with the right
// key here, so nothing else would refuse it.
func TestFrameHeader(t *testing.T) {
	for name, header := range map[string][frameHeader]byte{
		"kind 0":    {0, 0, 0, frameTag},
		"kind 3":    {3, 0, 0, frameTag},
		"end 2":     {1, 2, 0, frameTag},
		"too short": {1, 0, 0, frameTag - 1},
		"too long":  {1, 0, 0xff, 0xf1},
		"longest":   {1, 0, 0xff, 0xff},
	} {
		sender := direction{secret: [32]byte{1}}
		nonce, err := sender.next()
		check(t, err)
		size := int(binary.BigEndian.Uint16(header[2:]))
		near, far := newPipe()
		_, err = far.Write(sender.aead.Seal(header[:], nonce[:], make([]byte, max(0, size-frameTag)), header[:]))
		check(t, err)
		c := &Channel{transport: near, in: bufio.NewReader(near), receive: direction{secret: [32]byte{1}}, salted: true}
		wantIntegrity(t, name, c.Receive(NewFrame()))
	}
}

// After an error the channel stays in it, although the next frame would open.
func TestChannelKeepsItsFirstError(t *testing.T) {
	i, r := newWorld(t).sessions(t)
	stream := streamed(t, i, text("one"), text("two"))
	stream[8+saltSize+frameHeader] ^= 1
	near, far := newPipe()
	_, err := far.Write(stream)
	check(t, err)
	c, err := r.Accept(near, rand.Reader)
	check(t, err)
	for range 3 {
		wantIntegrity(t, "after a frame that does not open", c.Receive(NewFrame()))
	}
}

func TestNextKey(t *testing.T) {
	sender, receiver := direction{secret: [32]byte{1}}, direction{secret: [32]byte{1}}
	exchangeFrame := func() {
		t.Helper()
		f := text("frame")
		_, err := sender.seal(f)
		check(t, err)
		check(t, receiver.open(f))
	}
	exchangeFrame()
	first := sender.secret
	sender.count, receiver.count = framesPerKey-1, framesPerKey-1
	exchangeFrame() // the last one under the first key
	if sender.secret != first {
		t.Error("the key changed too early")
	}
	exchangeFrame()
	if sender.secret != expand(first[:], labelNext) || receiver.secret != sender.secret {
		t.Error("the key did not change")
	}
	// The old key does not open what comes after the change.
	stale := direction{secret: first, count: 1}
	stale.count = 0
	_, err := stale.next()
	check(t, err)
	f := text("frame")
	_, err = sender.seal(f)
	check(t, err)
	stale.count = framesPerKey + 1
	wantIntegrity(t, "old key", stale.open(f))
}

func TestResizeOutOfRange(t *testing.T) {
	for _, n := range []int{-1, FramePayload + 1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a payload of %d bytes", n)
				}
			}()
			NewFrame().Resize(n)
		}()
	}
}

// What is held travels with what follows, in its order and never more than one write's worth at once; and
// Ready tells of whole frames only.
func TestHold(t *testing.T) {
	i, r := newWorld(t).sessions(t)
	a, b := newPipe()
	counted := &countingTransport{Transport: a}
	near, err := i.Open(counted, rand.Reader)
	check(t, err)
	send(t, near.Send, "zero") // with the number and the salt
	far, err := r.Accept(b, rand.Reader)
	check(t, err)
	receive(t, far, "zero")
	counted.writes = 0
	send(t, near.Hold, "one")
	send(t, near.Hold, "two")
	if counted.writes != 0 {
		t.Error("what is held was written")
	}
	check(t, near.Flush())
	check(t, near.Flush())
	if counted.writes != 1 {
		t.Errorf("%d writes of what was held", counted.writes)
	}
	if far.Ready() {
		t.Error("ready before anything has been received")
	}
	receive(t, far, "one")
	if !far.Ready() {
		t.Error("not ready with a whole frame here")
	}
	receive(t, far, "two")
	if far.Ready() {
		t.Error("ready with nothing here")
	}

	large := strings.Repeat("x", FramePayload)
	send(t, near.Hold, "three")
	send(t, near.Send, large)
	send(t, near.Hold, large)
	send(t, near.Hold, "four")
	send(t, near.Send, "five")
	for _, want := range []string{"three", large, large, "four", "five"} {
		receive(t, far, want)
	}
	if counted.writes != 1+2+2 || counted.most > FrameSize {
		t.Errorf("%d writes, of %d bytes at most", counted.writes, counted.most)
	}
	send(t, near.Hold, "six")
	check(t, near.CloseSend())
	receive(t, far, "six")
	if err := far.Receive(NewFrame()); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

// countingTransport counts writes.
type countingTransport struct {
	Transport
	writes, most int
}

func (c *countingTransport) Write(p []byte) (int, error) {
	c.writes++
	c.most = max(c.most, len(p))
	return c.Transport.Write(p)
}

func send(t testing.TB, how func(*Frame) error, payload string) {
	t.Helper()
	check(t, how(text(payload)))
}

func receive(t testing.TB, c *Channel, want string) {
	t.Helper()
	f := NewFrame()
	check(t, c.Receive(f))
	if got := string(f.Payload()); got != want {
		t.Errorf("received %d bytes, want %d", len(got), len(want))
	}
}
