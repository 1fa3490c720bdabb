package protocol

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"io"
	"slices"
	"testing"
)

// The attacker is anybody who can open a stream: what reads as a message decodes to nothing that would
// be encoded in another way, and it never takes more than it may.
func FuzzReadMessage(f *testing.F) {
	w := newWorld(f)
	for _, msg := range w.recorded(f) {
		f.Add(msg)
	}
	f.Add(refused)
	f.Fuzz(func(t *testing.T, data []byte) {
		msg, err := ReadMessage(bytes.NewReader(data))
		if err != nil {
			return
		}
		if len(msg) > MaxMessage || !bytes.HasPrefix(data, msg) {
			t.Fatalf("read %x", msg)
		}
		if m, err := parseM1(msg); err == nil {
			fixPoint(t, msg, m)
		}
		if m, err := parseM2(msg); err == nil {
			fixPoint(t, msg, m)
		}
		if m, err := parseM3(msg); err == nil {
			fixPoint(t, msg, m)
		}
		if mac, err := parseFinished(msg); err == nil && !bytes.Equal(marshalFinished(mac), msg) {
			t.Fatalf("%x decodes", msg)
		}
	})
}

func fixPoint(t *testing.T, msg []byte, m interface{ marshal() ([]byte, error) }) {
	t.Helper()
	again, err := m.marshal()
	check(t, err)
	unsigned, signature := splitSignature(msg)
	if len(signature) != ed25519.SignatureSize || !bytes.Equal(again[:len(unsigned)], unsigned) || len(again) != len(msg) {
		t.Fatalf("%x decodes, and encodes to %x", msg, again)
	}
}

// FuzzMachine plays the network between two honest terminals: each byte of the script delivers
// something to one of them, which may be what the other one said, what was said in an earlier
// exchange, or something made up. Whatever happens, a side has a session only if it heard exactly what
// the other one said.
func FuzzMachine(f *testing.F) {
	w := newWorld(f)
	old := w.recorded(f)
	f.Add([]byte{})
	f.Add([]byte{1, 0, 1, 1, 0})
	f.Add([]byte{1, 0, 1, 5, 1, 4, 0})
	f.Add([]byte{9, 0, 8, 17, 4, 20, 80, 40, 12, 3, 4, 5, 1, 0, 1, 1, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		n := newWire(w.initiator(t), w.responder(t), old)
		for len(script) > 0 && n.delivered < 12 {
			script = n.play(script)
			if n.deceived {
				t.Fatal("a side has a session that the other one did not agree to")
			}
		}
	})
}

// wire is what lies between an initiator and a responder.
type wire struct {
	machine   [3]*Machine // by Role
	said      [3][][]byte // by whom
	heard     [3][][]byte // by whom
	waiting   [3]int      // how much of what the other one said has been delivered
	old       [flows][]byte
	delivered int
	deceived  bool // a side has a session, and heard something else than the other one said
}

func newWire(i, r *Machine, old [flows][]byte) *wire {
	n := &wire{machine: [3]*Machine{Initiator: i, Responder: r}, old: old}
	n.step(Initiator, nil)
	return n
}

// play takes one instruction off the script: the lowest bit is who hears something, the next two what.
func (n *wire) play(script []byte) (rest []byte) {
	code, rest := script[0], script[1:]
	to := Initiator
	if code&1 == 1 {
		to = Responder
	}
	msg := n.next(to)
	switch code >> 1 & 3 {
	case 1: // an old message
		msg = n.old[int(code>>3)%flows]
	case 2: // the next one, altered
		if len(rest) >= 3 && len(msg) > 0 {
			at := (int(rest[0])<<8 | int(rest[1])) % len(msg)
			msg = bytes.Clone(msg)
			msg[at] ^= rest[2]
			rest = rest[3:]
		}
	case 3: // anything
		length := min(int(code>>3), len(rest))
		msg, rest = rest[:length], rest[length:]
	}
	if msg != nil {
		n.delivered++
		n.heard[to] = append(n.heard[to], msg)
		n.step(to, msg)
	}
	return rest
}

// next is what the other side said and this one has not heard yet.
func (n *wire) next(to Role) []byte {
	said := n.said[to.other()]
	if n.waiting[to] == len(said) {
		return nil
	}
	n.waiting[to]++
	return said[n.waiting[to]-1]
}

func (n *wire) step(role Role, msg []byte) {
	out, session, _ := n.machine[role].Step(msg)
	n.said[role] = append(n.said[role], messages(out)...)
	if session != nil {
		said, heard := bytes.Join(n.said[role.other()], nil), bytes.Join(n.heard[role], nil)
		n.deceived = n.deceived || !bytes.HasPrefix(said, heard)
	}
}

// FuzzChannel plays the network under a sealed stream: the script overwrites, removes and inserts
// bytes. What arrives is a beginning of what was sent, and the end is believed only if it is all.
func FuzzChannel(f *testing.F) {
	i, r := newWorld(f).sessions(f)
	sent := []string{"read", "", "reports/q3.csv"}
	stream := streamed(f, i, text(sent[0]), text(sent[1]), text(sent[2]))
	f.Add([]byte{})
	f.Add([]byte{0, 30, 1})
	f.Add([]byte{1, 30, 9, 2, 60, 7})
	f.Fuzz(func(t *testing.T, script []byte) {
		arriving := bytes.Clone(stream)
		for ; len(script) >= 3; script = script[3:] {
			at := int(script[1]) % (len(arriving) + 1)
			switch script[0] % 3 {
			case 0:
				if at < len(arriving) {
					arriving[at] = script[2]
				}
			case 1:
				arriving = slices.Delete(arriving, at, min(len(arriving), at+int(script[2])))
			case 2:
				arriving = slices.Insert(arriving, at, script[2])
			}
		}
		got, err := received(r.forgetful(), arriving)
		if len(got) > len(sent) || !slices.Equal(got, sent[:len(got)]) {
			t.Fatalf("received %q", got)
		}
		if whole := bytes.Equal(arriving, stream); whole != (err == io.EOF) || !whole && !errors.Is(err, ErrIntegrity) {
			t.Fatalf("ended with %v", err)
		}
	})
}
