package protocol

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// long is set for what takes minutes: .ci/long does.
var long = os.Getenv("CERTEXCH_LONG") != ""

// stride is how many bytes a test goes on from one flipped byte to the next.
func stride(usual int) int {
	if long {
		return 1
	}
	return usual
}

// Each byte of each message of the exchange flipped on its way, in turn: whoever receives it refuses.
func TestD15EveryByteOfTheExchange(t *testing.T) {
	w := newWorld(t)
	for n := range flows {
		m, msg := w.waiting(t, n)
		before := *m
		for at := range msg {
			*m = before
			msg[at] ^= 1 << (at % 8)
			out, session, err := m.Step(msg)
			var refusal *RefusedError
			if session != nil || !errors.As(err, &refusal) || refusal.ByPeer || !bytes.Equal(out, refused) {
				t.Fatalf("flow %d, byte %d: %v", n, at, err)
			}
			msg[at] ^= 1 << (at % 8)
		}
		*m = before
		_, _, err := m.Step(msg)
		check(t, err)
	}
}

const (
	question = "read reports/q3.csv"
	answer   = "revenue;4711"
)

// visit is a whole visit over transports without any outer encryption, in memory: an exchange, a
// question, an answer in content frames, and goodbyes.
type visit struct {
	exchange, data [3]*pipe // by Role
	session        [3]*Session
	heard          [3]string
	err            [3]error
}

// taps are the four directions, with what went through them.
func (v *visit) taps() map[string]*line {
	return map[string]*line{
		"exchange, initiator to responder": v.exchange[Initiator].out,
		"exchange, responder to initiator": v.exchange[Initiator].in,
		"data, initiator to responder":     v.data[Initiator].out,
		"data, responder to initiator":     v.data[Initiator].in,
	}
}

// visit makes one; prepare may meddle with the transports. A side that waits for what does not come
// gives up after a minute.
func (w *world) visit(t *testing.T, prepare func(*visit)) *visit {
	v := new(visit)
	synctest.Test(t, func(t *testing.T) {
		v.exchange[Initiator], v.exchange[Responder] = newPipe()
		v.data[Initiator], v.data[Responder] = newPipe()
		for _, p := range v.data[1:] {
			check(t, p.SetReadDeadline(time.Now().Add(time.Minute)))
		}
		prepare(v)
		i, r := w.initiator(t), w.responder(t)
		var both sync.WaitGroup
		both.Go(func() { v.run(i, (*visit).ask) })
		both.Go(func() { v.run(r, (*visit).serve) })
		both.Wait()
	})
	return v
}

func (v *visit) run(m *Machine, talk func(*visit, *Session) (string, error)) {
	v.session[m.role], v.heard[m.role], v.err[m.role] = v.attend(m, talk)
	if v.err[m.role] != nil {
		_ = v.exchange[m.role].Reset()
		_ = v.data[m.role].Reset()
	}
}

func (v *visit) attend(m *Machine, talk func(*visit, *Session) (string, error)) (*Session, string, error) {
	session, control, err := complete(context.Background(), v.exchange[m.role], m, rand.Reader)
	if err != nil {
		return nil, "", err
	}
	heard, err := talk(v, session)
	if err != nil {
		return session, heard, err
	}
	if err = control.Goodbye(GoodbyeDone); err == nil {
		_, err = control.Receive()
	}
	return session, heard, err
}

func (v *visit) ask(s *Session) (string, error) {
	c, err := s.Open(v.data[Initiator], rand.Reader)
	if err != nil {
		return "", err
	}
	if err := c.Send(text(question)); err != nil {
		return "", err
	}
	heard, err := listen(c)
	return heard, errors.Join(err, c.CloseSend())
}

func (v *visit) serve(s *Session) (string, error) {
	c, err := s.Accept(v.data[Responder], rand.Reader)
	if err != nil {
		return "", err
	}
	f := NewFrame()
	if err := c.Receive(f); err != nil {
		return "", err
	}
	heard := string(f.Payload())
	for part := range strings.SplitAfterSeq(answer, ";") {
		if err := c.Send(content(part)); err != nil {
			return heard, err
		}
	}
	if err := c.CloseSend(); err != nil {
		return heard, err
	}
	_, err = listen(c)
	return heard, err
}

// listen receives until the authenticated end.
func listen(c *Channel) (all string, err error) {
	for f := NewFrame(); ; {
		switch err := c.Receive(f); err {
		case nil:
			all += string(f.Payload())
		case io.EOF:
			return all, nil
		default:
			return all, err
		}
	}
}

// Without any outer encryption, a tap sees no more than who met: not what was asked for, and not what
// was answered.
func TestD15TapSeesNothing(t *testing.T) {
	w := newWorld(t)
	v := w.visit(t, func(*visit) {})
	check(t, errors.Join(v.err[Initiator], v.err[Responder]))
	if v.heard[Responder] != question || v.heard[Initiator] != answer {
		t.Fatalf("heard %q", v.heard)
	}
	for name, l := range v.taps() {
		after := l.tap
		if strings.HasPrefix(name, "exchange") {
			after = afterFinished(t, after)
		}
		for _, secret := range []string{"reports", "q3", "revenue", "4711", question, answer, "acme", "nas", "site-a", "desk"} {
			if bytes.Contains(after, []byte(secret)) {
				t.Errorf("%s: %q in clear", name, secret)
			}
		}
	}
	if !bytes.Contains(v.exchange[Initiator].out.tap, []byte(w.a.Identity.URI())) {
		t.Error("the tap does not even see the certificate: this test shows nothing")
	}
}

// afterFinished is what a side has said after its part of the exchange.
func afterFinished(t testing.TB, tap []byte) []byte {
	t.Helper()
	for {
		msg, err := ReadMessage(bytes.NewReader(tap))
		check(t, err)
		tap = tap[len(msg):]
		if messageType(msg[0]) == typeFinished {
			return tap
		}
	}
}

// Each byte of a whole visit flipped on its way, in turn: at least one side notices, and neither
// believes in anything that was not said.
func TestD15EveryByteOfAVisit(t *testing.T) {
	w := newWorld(t)
	whole := w.visit(t, func(*visit) {})
	for name, l := range whole.taps() {
		step := stride(7)
		if strings.HasPrefix(name, "exchange") {
			step = stride(97)
		}
		for at := 0; at < len(l.tap); at += step {
			v := w.visit(t, func(v *visit) { v.taps()[name].flip = at })
			if v.err[Initiator] == nil && v.err[Responder] == nil {
				t.Errorf("%s, byte %d: nobody noticed", name, at)
			}
			if v.err[Initiator] == nil && v.heard[Initiator] != answer || v.err[Responder] == nil && v.heard[Responder] != question {
				t.Errorf("%s, byte %d: heard %q", name, at, v.heard)
			}
		}
	}
}
