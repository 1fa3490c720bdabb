package protocol

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/certexch/certexch/certauth"
)

// The name of the protocol carries the version, and it is signed: stripped or replaced it shows.
func TestB9Downgrade(t *testing.T) {
	w := newWorld(t)
	older := func(m *Machine) { m.transcript = bytes.Replace(m.transcript, []byte(ID), []byte("/certexch/0.9"), 1) }
	i := w.initiator(t)
	older(i)
	converse(i, w.responder(t), nil).refusedFor(t, Responder, BadSignature)
	r := w.responder(t)
	older(r)
	converse(w.initiator(t), r, nil).refusedFor(t, Responder, BadSignature)
}

func TestB10EveryType(t *testing.T) {
	w := newWorld(t)
	for n := range flows {
		m, msg := w.waiting(t, n)
		before, due := *m, msg[0]
		for kind := range 256 {
			if byte(kind) == due {
				continue
			}
			*m, msg[0] = before, byte(kind)
			_, session, err := m.Step(msg)
			reasonOf(t, err, BadMessage)
			if session != nil {
				t.Fatalf("flow %d as type %d: a session", n, kind)
			}
		}
	}
}

func TestB10RefusedHasOneForm(t *testing.T) {
	w := newWorld(t)
	for _, msg := range [][]byte{{5}, {5, 0}, {5, 0, 1}, {5, 0, 0, 0}, {5, 0, 1, 0}} {
		out, _, err := w.responder(t).Step(msg)
		if got := reasonOf(t, err, BadMessage); got.ByPeer || !bytes.Equal(out, refused) {
			t.Errorf("%x: %v, answered %x", msg, got, out)
		}
	}
}

// What is decoded is what was encoded, and no other bytes decode to it.
func TestB10Canonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hello1 := &m1{
			nonce:       [nonceSize]byte(sized(nonceSize).Draw(t, "nonce")),
			ephemeral:   sized(certauth.SealingKeySize).Draw(t, "ephemeral"),
			certificate: drawCertificate(t),
			authorities: drawAuthorities(t),
			time:        rapid.Uint64().Draw(t, "time"),
		}
		hello2 := &m2{
			nonce:        hello1.nonce,
			encEphemeral: sized(encSize).Draw(t, "enc"),
			encInitiator: sized(encSize).Draw(t, "enc"),
			certificate:  hello1.certificate,
			authorities:  hello1.authorities,
			time:         hello1.time,
			verdict:      drawVerdict(t),
		}
		roundTrip(t, hello1, parseM1)
		roundTrip(t, hello2, parseM2)
		roundTrip(t, &m3{hello2.encEphemeral, hello2.verdict}, parseM3)
	})
}

func roundTrip[M interface{ marshal() ([]byte, error) }](t *rapid.T, m M, parse func([]byte) (M, error)) {
	msg, err := m.marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := parse(msg)
	if err != nil || !reflect.DeepEqual(got, m) {
		t.Fatalf("got %+v, %v", got, err)
	}
	// One changed byte gives another message or none, but for the signature, which is not decoded.
	at := rapid.IntRange(0, len(msg)-ed25519.SignatureSize-1).Draw(t, "at")
	msg[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "change"))
	if got, err = parse(msg); err == nil {
		again, err := got.marshal()
		if err != nil || !bytes.Equal(again, msg) {
			t.Fatalf("%x decodes, and encodes to %x, %v", msg, again, err)
		}
	}
}

func sized(n int) *rapid.Generator[[]byte] { return rapid.SliceOfN(rapid.Byte(), n, n) }

func drawCertificate(t *rapid.T) []byte {
	der := make([]byte, rapid.IntRange(0, 4096).Draw(t, "certificate"))
	for i := range der {
		der[i] = byte(i)
	}
	return der
}

func drawAuthorities(t *rapid.T) []certauth.AuthorityState {
	list := make([]certauth.AuthorityState, rapid.IntRange(1, MaxAuthorities).Draw(t, "authorities"))
	for i := range list {
		list[i].KeyID[0] = byte(i)
		list[i].CRLNumber = rapid.Uint64().Draw(t, "number")
	}
	return list
}

func drawVerdict(t *rapid.T) Verdict {
	return Verdict(rapid.IntRange(int(Member), int(Registered)).Draw(t, "verdict"))
}

// Every field that has a rule of its own, broken in a message that is otherwise right.
func TestB10Fields(t *testing.T) {
	w := newWorld(t)
	good := w.recorded(t)
	nonce := messageHeader + nonceSize
	state := func(msg []byte) int { return len(msg) - ed25519.SignatureSize - 8 - 80 } // the one authority of M1
	resize := func(msg []byte) []byte {
		binary.BigEndian.PutUint16(msg[1:], uint16(len(msg)-messageHeader))
		return msg
	}
	shorter := func(msg []byte, at int) []byte { // a field with a length before it
		n := binary.BigEndian.Uint16(msg[at:])
		binary.BigEndian.PutUint16(msg[at:], n-1)
		return resize(append(msg[:at+2:at+2], msg[at+3:]...))
	}
	authorities := func(msg []byte, count int, keyIDs ...byte) []byte {
		at := state(msg)
		out := append(bytes.Clone(msg[:at-1]), byte(count))
		for _, id := range keyIDs {
			entry := bytes.Clone(msg[at : at+80])
			entry[0] = id
			out = append(out, entry...)
		}
		return resize(append(out, msg[at+80:]...))
	}
	for name, c := range map[string]struct {
		flow int
		edit func(msg []byte) []byte
	}{
		"a short ephemeral key":      {flowM1, func(m []byte) []byte { return shorter(m, nonce) }},
		"a short encapsulation":      {flowM2, func(m []byte) []byte { return shorter(m, nonce) }},
		"another short one":          {flowM2, func(m []byte) []byte { return shorter(m, nonce+2+encSize) }},
		"a third":                    {flowM3, func(m []byte) []byte { return shorter(m, messageHeader) }},
		"no authority":               {flowM1, func(m []byte) []byte { return authorities(m, 0) }},
		"nine authorities":           {flowM1, func(m []byte) []byte { return authorities(m, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9) }},
		"fewer authorities than two": {flowM1, func(m []byte) []byte { return authorities(m, 2, 1) }},
		"authorities out of order":   {flowM1, func(m []byte) []byte { return authorities(m, 2, 2, 1) }},
		"an authority twice":         {flowM1, func(m []byte) []byte { return authorities(m, 2, 1, 1) }},
		"an unknown trust bundle":    {flowM1, func(m []byte) []byte { m[state(m)+79] = 1; return m }},
		"verdict 0":                  {flowM2, func(m []byte) []byte { m[len(m)-ed25519.SignatureSize-1] = 0; return m }},
		"verdict 3":                  {flowM3, func(m []byte) []byte { m[len(m)-ed25519.SignatureSize-1] = 3; return m }},
		"one more byte":              {flowM3, func(m []byte) []byte { return resize(append(m, 0)) }},
		"one byte less":              {flowM1, func(m []byte) []byte { return resize(m[:len(m)-1]) }},
		"a short MAC":                {flowFinishedI, func(m []byte) []byte { return resize(m[:len(m)-1]) }},
		"a long MAC":                 {flowFinishedI, func(m []byte) []byte { return resize(append(m, 0)) }},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := w.waiting(t, c.flow)
			_, _, err := m.Step(c.edit(bytes.Clone(good[c.flow])))
			reasonOf(t, err, BadMessage)
		})
	}
	m := authorities(bytes.Clone(good[flowM1]), 8, 1, 2, 3, 4, 5, 6, 7, 8)
	if _, err := parseM1(m); err != nil {
		t.Errorf("eight authorities: %v", err)
	}
}

// A length is checked before anything is read or reserved on its word.
func TestC5Lengths(t *testing.T) {
	for _, length := range []int{MaxMessage - messageHeader + 1, 1<<15 - 1, 1 << 15, 1<<16 - 1} {
		header := binary.BigEndian.AppendUint16([]byte{byte(typeM1)}, uint16(length))
		_, err := ReadMessage(io.MultiReader(bytes.NewReader(header), iotest.ErrReader(io.ErrNoProgress)))
		reasonOf(t, err, BadMessage)
	}
	for _, length := range []int{0, 1, MaxMessage - messageHeader} {
		msg := append(binary.BigEndian.AppendUint16([]byte{byte(typeM1)}, uint16(length)), make([]byte, length)...)
		got, err := ReadMessage(bytes.NewReader(msg))
		check(t, err)
		if _, err := parseM1(got); err == nil {
			t.Errorf("%d zero bytes parse as M1", length)
		}
	}
	hello, err := parseM1(newWorld(t).recorded(t)[flowM1])
	check(t, err)
	hello.certificate = make([]byte, MaxMessage)
	long, err := hello.marshal()
	if err == nil {
		t.Error("this side would say it")
	}
	_, err = parseM1(long)
	reasonOf(t, err, BadMessage)
}

// Whatever the lengths inside say, a message of 8 KiB costs a few KiB to refuse.
func TestC5Allocation(t *testing.T) {
	body := bytes.Repeat([]byte{0xff}, MaxMessage-messageHeader)
	msgs := make([][]byte, 0, 256)
	for kind := range 256 {
		msgs = append(msgs, append(binary.BigEndian.AppendUint16([]byte{byte(kind)}, uint16(len(body))), body...))
	}
	machines := make([]*Machine, len(msgs))
	w := newWorld(t)
	for n := range machines {
		machines[n] = w.responder(t)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for n, msg := range msgs {
		if _, _, err := machines[n].Step(msg); err == nil {
			t.Fatal("accepted")
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / uint64(len(msgs)); each > 4<<10 {
		t.Errorf("%d bytes for a refusal", each)
	}
}

// An error is for this side's log; it must not let the peer write there what it likes.
func TestErrorsQuoteNothingOfThePeer(t *testing.T) {
	_, _, err := newWorld(t).responder(t).Step([]byte("\x01\x00\x06\x1b[31m\n"))
	if strings.ContainsAny(err.Error(), "\x1b\n") {
		t.Errorf("%q", err)
	}
}
