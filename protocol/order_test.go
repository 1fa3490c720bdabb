package protocol

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// Whatever a machine waits for, every other message of the very same exchange ends it, and nothing
// revives it.
func TestB8Order(t *testing.T) {
	w := newWorld(t)
	for due := range flows {
		for other := range flows {
			m, right := w.waiting(t, due)
			wrong := w.recorded(t)[other]
			if wrong[0] == right[0] {
				continue
			}
			out, session, err := m.Step(wrong)
			reasonOf(t, err, BadMessage)
			if session != nil || !bytes.Equal(out, refused) {
				t.Errorf("flow %d in place of %d: sent %x", other, due, out)
			}
			_, session, err = m.Step(right)
			reasonOf(t, err, BadMessage)
			if session != nil {
				t.Errorf("flow %d in place of %d: then a session", other, due)
			}
		}
	}
}

func TestB8Twice(t *testing.T) {
	w := newWorld(t)
	for due := range flows {
		m, msg := w.waiting(t, due)
		_, _, err := m.Step(msg)
		check(t, err)
		_, session, err := m.Step(msg)
		reasonOf(t, err, BadMessage)
		if session != nil {
			t.Errorf("flow %d twice: a session", due)
		}
	}
}

// A message that lacks bytes at its end, or has one more.
func TestB8TruncatedOrExtended(t *testing.T) {
	w := newWorld(t)
	parse := []func([]byte) error{
		flowM1:        func(b []byte) error { _, err := parseM1(b); return err },
		flowM2:        func(b []byte) error { _, err := parseM2(b); return err },
		flowM3:        func(b []byte) error { _, err := parseM3(b); return err },
		flowFinishedI: func(b []byte) error { _, err := parseFinished(b); return err },
		flowFinishedR: func(b []byte) error { _, err := parseFinished(b); return err },
	}
	for n, msg := range w.recorded(t) {
		check(t, parse[n](msg))
		for length := range len(msg) {
			reasonOf(t, parse[n](msg[:length]), BadMessage)
			if _, err := ReadMessage(bytes.NewReader(msg[:length])); err == nil {
				t.Fatalf("flow %d cut to %d bytes: read as a message", n, length)
			}
		}
		reasonOf(t, parse[n](append(msg[:len(msg):len(msg)], 0)), BadMessage)
	}
}

// A message may arrive in any number of pieces.
func TestB8Split(t *testing.T) {
	for _, msg := range newWorld(t).recorded(t) {
		for at := range len(msg) {
			got, err := ReadMessage(io.MultiReader(bytes.NewReader(msg[:at]), bytes.NewReader(msg[at:])))
			check(t, err)
			if !bytes.Equal(got, msg) {
				t.Fatalf("split at %d: another message", at)
			}
		}
	}
}

// Until FINISHED there is no session on which anything could be asked for or answered.
func TestB16HalfAcknowledged(t *testing.T) {
	w := newWorld(t)
	sealed := append([]byte{byte(KindMessage), 0}, make([]byte, 40)...)
	for due := range flows {
		m, _ := w.waiting(t, due)
		_, session, err := m.Step(sealed)
		reasonOf(t, err, BadMessage)
		if session != nil {
			t.Errorf("flow %d: a session", due)
		}
	}
	i, r := w.initiator(t), w.responder(t)
	o := converse(i, r, func(n int, msg []byte) []byte {
		if n == flowFinishedI {
			return nil // the responder has M3, and that is not enough
		}
		return msg
	})
	if err := errors.Join(o.err[Initiator], o.err[Responder]); err != nil || o.session[Initiator] != nil || o.session[Responder] != nil {
		t.Errorf("without FINISHED: %v, %+v", err, o.session)
	}
}

func TestNothingBeforeM1(t *testing.T) {
	w := newWorld(t)
	out, _, err := w.initiator(t).Step(w.recorded(t)[flowM2])
	reasonOf(t, err, BadMessage)
	if !bytes.Equal(out, refused) {
		t.Errorf("sent %x", out)
	}
}
