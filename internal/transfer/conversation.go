package transfer

import (
	"errors"
	"io"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/certexch/certexch/protocol"
)

// conversation is the server's side of one channel.
type conversation struct {
	*Server
	ch    Channel
	frame *protocol.Frame // for messages, one at a time
	hash  hasher          // of the content under way
	next  uint32          // number of the next request
}

// run answers until the client has ended its direction.
func (c *conversation) run() error {
	for {
		r, err := c.receive()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.answer(&r); err != nil {
			return err
		}
		if c.ch.Ready() { // its answer can travel with this one
			continue
		}
		if err := c.flush(); err != nil {
			return err
		}
	}
}

// receive returns the next request.
func (c *conversation) receive() (request, error) {
	if err := c.ch.SetReadDeadline(time.Now().Add(c.Wait)); err != nil {
		return request{}, err
	}
	if err := c.ch.Receive(c.frame); err != nil {
		return request{}, err
	}
	if c.frame.Kind != protocol.KindMessage { // D-1
		return request{}, violation("content from a client")
	}
	r, err := decodeRequest(c.frame.Payload())
	if err != nil {
		return r, err
	}
	if r.id != c.next { // D-2
		return r, violation("request %d came as number %d", r.id, c.next)
	}
	c.next++
	return r, nil
}

// answer answers one request. Its error is of the channel; what else goes wrong is the client's
// answer.
func (c *conversation) answer(r *request) error {
	event := Event{Op: r.op.String(), Share: r.share, Path: r.path}
	event.Bytes, event.Err = c.handle(r)
	var broken *channelError
	if event.Err != nil && !errors.As(event.Err, &broken) {
		event.Status = statusOf(event.Err)
		errors.As(c.send(r, failureAnswer{event.Status}), &broken)
	}
	if broken != nil {
		event.Status, event.Err = StatusFailed, broken.err
	}
	if c.Report != nil {
		c.Report(event)
	}
	if broken != nil {
		return broken.err
	}
	return nil
}

// handle sends the answer to r, all but a failure, which it returns.
func (c *conversation) handle(r *request) (sent uint64, err error) {
	switch r.op {
	case opShares:
		return 0, c.send(r, sharesAnswer{c.Source.Shares()})
	case opList:
		return 0, c.list(r)
	case opStat:
		entry, err := c.Source.Stat(r.share, r.path)
		if err != nil {
			return 0, err
		}
		return 0, c.send(r, entryAnswer{entry})
	case opRead:
		return c.read(r)
	}
	return 0, errors.ErrUnsupported
}

// list sends one page: what the source gives and one message holds.
func (c *conversation) list(r *request) error {
	entries, more, err := c.Source.List(r.share, r.path, r.after, maxPage)
	if err != nil {
		return err
	}
	size := answerHeader + 1
	for i := range entries {
		if size += entrySize(&entries[i]); size > maxMessage {
			entries, more = entries[:i], true
			break
		}
	}
	return c.send(r, pageAnswer{more: more, entries: entries})
}

// channelError is an error of the channel, after which there is nobody to answer.
type channelError struct{ err error }

func (e *channelError) Error() string { return e.err.Error() }

// send sends one message of the answer to r, with what follows if that is soon.
func (c *conversation) send(r *request, a answer) error {
	if err := encode(c.frame, func(b *cryptobyte.Builder) { appendAnswer(b, r.id, a) }); err != nil {
		return err
	}
	return c.sendFrame(c.frame, c.ch.Hold)
}

// sendFrame sends one frame: with send, at once or with what follows.
func (c *conversation) sendFrame(f *protocol.Frame, send func(*protocol.Frame) error) error {
	err := c.ch.SetWriteDeadline(time.Now().Add(c.Idle))
	if err == nil {
		err = send(f)
	}
	if err != nil {
		return &channelError{err}
	}
	return nil
}

// flush sends what has been held back.
func (c *conversation) flush() error {
	if err := c.ch.SetWriteDeadline(time.Now().Add(c.Idle)); err != nil {
		return err
	}
	return c.ch.Flush()
}

// end ends this direction and gives the channel back. The client has ended its own and may be gone:
// whether it still hears of this is its affair.
func (c *conversation) end() {
	if c.ch.SetWriteDeadline(time.Now().Add(c.Idle)) != nil || c.ch.CloseSend() != nil {
		c.ch.Reset()
		return
	}
	_ = c.ch.Close()
}

// encode makes f the message that add writes.
func encode(f *protocol.Frame, add func(*cryptobyte.Builder)) error {
	f.Kind = protocol.KindMessage
	b := cryptobyte.NewFixedBuilder(f.Resize(maxMessage)[:0:maxMessage])
	add(b)
	message, err := b.Bytes()
	if err != nil {
		return err
	}
	f.Resize(len(message))
	return nil
}
