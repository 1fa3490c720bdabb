package protocol

import (
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// Goodbye is why a session ends, told to the peer over the control stream. Only a peer that has
// proven to be a member is told anything.
type Goodbye uint8

const (
	// GoodbyeDone: nothing more is wanted.
	GoodbyeDone Goodbye = 1
	// GoodbyeShutdown: the terminal is being stopped.
	GoodbyeShutdown Goodbye = 2
	// GoodbyeNotAllowed: the checks of the exchange, run again, no longer pass. It says no more, since the
	// peer may not be a member any longer.
	GoodbyeNotAllowed Goodbye = 3
	// GoodbyeNotRegistered: the peer, still a member, is no longer registered here.
	GoodbyeNotRegistered Goodbye = 4
)

// String returns the word of the specification.
func (g Goodbye) String() string {
	switch g {
	case GoodbyeDone:
		return "done"
	case GoodbyeShutdown:
		return "shutdown"
	case GoodbyeNotAllowed:
		return "not-allowed"
	case GoodbyeNotRegistered:
		return "not-registered"
	}
	return fmt.Sprintf("goodbye %d", uint8(g))
}

// Control messages (spec/certexch.md, section 9): one a frame, and the goodbye in the last one.
const (
	controlKeepAlive = 1 // nothing
	controlGoodbye   = 2 // reason uint8
)

// Implementation choices for the control stream.
const (
	// KeepAlive is how often each side says that it is there.
	KeepAlive = 30 * time.Second
	// peerSilence is how long a silent peer is taken to be there.
	peerSilence = 3 * KeepAlive
	// goodbyeTimeout bounds the sending of a goodbye.
	goodbyeTimeout = 2 * time.Second
)

// Control is the sealed control stream of a session: what the stream of the exchange becomes after
// FINISHED. When it ends, the session ends.
type Control struct {
	channel *Channel

	mu      sync.Mutex // guards leaving, and the setting of write deadlines
	leaving bool       // a goodbye is being sent, or has been

	sending sync.Mutex // held while a message is sent
	said    bool       // the goodbye, as far as it could be; guarded by sending
}

// Control makes t, the stream on which the exchange ran, the control stream of the session.
func (s *Session) Control(t Transport, rand io.Reader) (*Control, error) {
	channel, err := s.channel(t, rand, Initiator, controlNumber)
	if err != nil {
		return nil, err
	}
	channel.wordless = true
	return &Control{channel: channel}, nil
}

// Receive waits for the peer's goodbye, passing over keep-alives. It returns an error when the peer
// falls silent, when the stream breaks, and ErrIntegrity for anything that is not a control message.
func (c *Control) Receive() (Goodbye, error) {
	f := NewFrame()
	for {
		if err := c.channel.SetReadDeadline(time.Now().Add(peerSilence)); err != nil {
			return 0, err
		}
		if err := c.channel.Receive(f); err != nil {
			return 0, err
		}
		goodbye, err := parseControl(f)
		if err != nil || goodbye != 0 {
			return goodbye, err
		}
	}
}

// parseControl returns the goodbye in f, or 0 for a keep-alive.
func parseControl(f *Frame) (Goodbye, error) {
	s := cryptobyte.String(f.Payload())
	var kind, reason uint8
	if f.Kind != KindMessage { // G1
		return 0, integrity("content on the control stream")
	}
	if !s.ReadUint8(&kind) || kind != controlKeepAlive && kind != controlGoodbye { // G2
		return 0, integrity("control message of unknown kind %d", kind)
	}
	if kind == controlGoodbye && !s.ReadUint8(&reason) || !s.Empty() { // G3
		return 0, integrity("control message of kind %d is not in its form", kind)
	}
	if f.end != (kind == controlGoodbye) { // G4
		return 0, integrity("control message of kind %d with end marker %v", kind, f.end)
	}
	if kind == controlGoodbye && (reason < uint8(GoodbyeDone) || reason > uint8(GoodbyeNotRegistered)) { // G5
		return 0, integrity("goodbye for unknown reason %d", reason)
	}
	return Goodbye(reason), nil
}

// KeepAlive tells the peer that this side is there. It has as long as the peer may wait for it: on a slow line
// it stands behind much else.
func (c *Control) KeepAlive() error {
	return c.send(peerSilence, false, controlKeepAlive)
}

// Goodbye tells the peer why the session ends, once; later calls wait until it has been said, and fail if it could
// not be.
func (c *Control) Goodbye(reason Goodbye) error {
	return c.send(goodbyeTimeout, true, controlGoodbye, byte(reason))
}

// send sends one message. A goodbye's deadline also ends the sending of a keep-alive that is stuck, which it
// would wait for otherwise. A message that was given up leaves the channel of no more use.
func (c *Control) send(within time.Duration, last bool, payload ...byte) error {
	if ok, err := c.begin(within, last); err != nil || !ok && !last {
		return err
	}
	c.sending.Lock()
	defer c.sending.Unlock()
	if c.said {
		return c.channel.Flush() // nothing, but it knows whether what was said has left
	}
	c.said = last
	f := NewFrame()
	f.Kind = KindMessage
	copy(f.Resize(len(payload)), payload)
	if last {
		return c.channel.sendLast(f)
	}
	return c.channel.Send(f)
}

// begin sets the deadline of one message, unless a goodbye has been begun: that has its own.
func (c *Control) begin(within time.Duration, last bool) (ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leaving {
		return false, nil
	}
	c.leaving = last
	return true, c.channel.SetWriteDeadline(time.Now().Add(within))
}

// Close gives the stream up.
func (c *Control) Close() { c.channel.Reset() }
