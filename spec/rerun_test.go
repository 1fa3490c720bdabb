package spec

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/certexch/certexch/protocol"
)

// judgeExchange runs a vector of exchanges/.
func judgeExchange(t *testing.T, v *vector) {
	session, refusal := rerun(t, v)
	if session == nil {
		if string(refusal.Reason) != v.get("expect") {
			t.Errorf("%v, want %s", refusal, v.get("expect"))
		}
		return
	}
	if v.get("expect") != "session" || session.Ours().String() != v.get("ours") || session.Theirs().String() != v.get("theirs") {
		t.Errorf("a session with the verdicts %s and %s", session.Ours(), session.Theirs())
	}
}

// rerun gives the judged side what it heard, and compares what it says.
func rerun(t testing.TB, v *vector) (*protocol.Session, *protocol.RefusedError) {
	t.Helper()
	s, flows := readSide(t, v)
	m := newMeeting(t)
	machine, err := m.machine(s)
	if err != nil {
		return nil, refusalOf(t, err)
	}
	var pending [][]byte
	var session *protocol.Session
	step := func(msg []byte) {
		var out []byte
		out, session, err = machine.Step(msg)
		for r := bytes.NewReader(out); r.Len() > 0; {
			pending = append(pending, must(protocol.ReadMessage(r))(t))
		}
	}
	if s.role == protocol.Initiator {
		step(nil)
	}
	for n, f := range flows {
		switch {
		case f.from != s.role:
			step(f.msg)
		case len(pending) == 0 || !bytes.Equal(f.msg, pending[0]):
			t.Fatalf("flow %d is not what the %s says", n, s.role)
		default:
			pending = pending[1:]
		}
	}
	if len(pending) > 0 {
		t.Fatalf("the %s says %x as well", s.role, pending)
	}
	if session != nil {
		return session, nil
	}
	return nil, refusalOf(t, err)
}

func refusalOf(t testing.TB, err error) *protocol.RefusedError {
	t.Helper()
	var refusal *protocol.RefusedError
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want a refusal", err)
	}
	return refusal
}

// readSide takes from a vector what the judged side is given, and the flows.
func readSide(t testing.TB, v *vector) (s side, flows []flow) {
	t.Helper()
	s = side{
		now:        v.now(t),
		own:        v.one(t, kindOwn),
		list:       v.one(t, kindTrustedList),
		peer:       must(hex.DecodeString(v.get("connection key")))(t),
		askedFor:   v.get("asked for"),
		registered: v.get("registered") == "yes",
		private:    v.get("private") == "yes",
		role:       protocol.Initiator,
	}
	if v.get("role") == protocol.Responder.String() {
		s.role = protocol.Responder
	}
	for _, b := range v.blocks {
		switch b.Type {
		case kindFromInitiator:
			flows = append(flows, flow{protocol.Initiator, b.Bytes})
		case kindFromResponder:
			flows = append(flows, flow{protocol.Responder, b.Bytes})
		}
	}
	return s, flows
}
