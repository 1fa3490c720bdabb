package node

import (
	"errors"
	"os"
	"sync"
	"time"

	"github.com/certexch/certexch/protocol"
)

// A session that no longer passes ends within 2 s (spec/certexch.md, section 9): one round, what the trust
// folder was taken to be (home.Trust), and the time for a goodbye.
const (
	judgeEvery   = 500 * time.Millisecond
	farewellTime = 500 * time.Millisecond
)

// saveEvery is how often who has knocked is written down.
const saveEvery = 500 * time.Millisecond

// judgeSessions judges all sessions, again and again, until the terminal is closed.
func (t *Terminal) judgeSessions() {
	tick := time.NewTicker(judgeEvery)
	defer tick.Stop()
	for {
		select {
		case <-t.ctx.Done():
			return
		case <-tick.C:
			t.judgeOnce()
		}
	}
}

// keepRecords writes what people may want to see, until the terminal is closed. Judging does not wait for the
// disk.
func (t *Terminal) keepRecords() {
	save, announce := time.NewTicker(saveEvery), time.NewTicker(announceEvery)
	defer save.Stop()
	defer announce.Stop()
	told := make(map[string]bool)
	for {
		select {
		case <-t.ctx.Done():
			return
		case <-save.C:
			t.saveKnocks()
		case <-announce.C:
			t.announce(told)
		}
	}
}

// judgeOnce judges all sessions by one reading of the allowlist, and cuts those that no longer pass.
func (t *Terminal) judgeOnce() {
	sessions := t.links.sessions()
	if len(sessions) == 0 {
		return
	}
	policy := t.policy()
	policy.Registered = t.registeredIn(t.list())
	for _, l := range sessions {
		if err := policy.Judge(l.session); err != nil {
			t.goroutines.start(func() { t.cut(l, err, policy.Farewell(err)) })
		}
	}
}

// sessions returns the connections on which an exchange has succeeded.
func (ls *links) sessions() (established []*link) {
	for _, l := range ls.all() {
		select {
		case <-l.done:
			if l.err == nil {
				established = append(established, l)
			}
		default:
		}
	}
	return established
}

// cut ends a session because of cause: first what is under way, then, with a word to the peer, the
// connection.
func (t *Terminal) cut(l *link, cause error, farewell protocol.Goodbye) {
	if !l.dismiss(cause) {
		return
	}
	log := t.log.With("peer", l.session.Peer().Identity().String())
	var refused *protocol.RefusedError
	if errors.As(cause, &refused) {
		log = log.With("reason", string(refused.Reason))
	}
	log.Warn("session cut", "error", cause.Error())
	// A reset waits for room in the muxer, for as long as a peer likes that takes little: the end of the
	// connection is what frees it.
	late := time.AfterFunc(farewellTime, func() { _ = l.conn.Close() })
	defer late.Stop()
	for _, s := range l.conn.GetStreams() {
		if s.Protocol() == protocol.DataID {
			_ = s.Reset()
		}
	}
	_ = l.control.Goodbye(farewell)
	select {
	case <-l.gone: // the peer has heard it, and closed
	case <-t.ctx.Done():
	}
}

// dismiss records why the session is cut. It returns false when it was cut before, or cause is nil.
func (l *link) dismiss(cause error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cause == nil || l.cause != nil {
		return false
	}
	l.cause, l.leaving = cause, true
	return true
}

// afterwords is how long the word on why a session ended may come after the end of its streams.
const afterwords = time.Second

// why returns what the session was cut for, if it was, in place of err, which one of its streams broke
// with.
func (l *link) why(err error) error {
	if !errors.Is(err, protocol.ErrBroken) && !errors.Is(err, protocol.ErrIntegrity) {
		return err
	}
	late := time.NewTimer(afterwords)
	defer late.Stop()
	select {
	case <-l.over:
	case <-late.C:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause != nil {
		return l.cause
	}
	return err
}

// linkChannel is a channel that knows why its session was cut.
type linkChannel struct {
	*protocol.Channel
	terminal *Terminal
	link     *link
}

// Send tells why the session was cut, if it was.
func (c *linkChannel) Send(f *protocol.Frame) error { return c.link.why(c.Channel.Send(f)) }

// Hold is as Send.
func (c *linkChannel) Hold(f *protocol.Frame) error { return c.link.why(c.Channel.Hold(f)) }

// Flush is as Send.
func (c *linkChannel) Flush() error { return c.link.why(c.Channel.Flush()) }

// CloseSend is as Send.
func (c *linkChannel) CloseSend() error { return c.link.why(c.Channel.CloseSend()) }

// Receive tells why the session was cut, if it was. When nothing has come for too long, it has the peer asked
// for a sign of life: whoever tries again had better have another connection than one that is dead.
func (c *linkChannel) Receive(f *protocol.Frame) error {
	err := c.Channel.Receive(f)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.terminal.askForSign(c.link)
	}
	return c.link.why(err)
}

// complaint is a state that is logged when it changes, not each time it is met.
type complaint struct {
	mu   sync.Mutex
	last string
}

// news reports whether err, if it is one, is another than the last.
func (c *complaint) news(err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := ""
	if err != nil {
		text = err.Error()
	}
	changed := text != c.last
	c.last = text
	return changed && err != nil
}
