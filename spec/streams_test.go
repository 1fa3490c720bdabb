package spec

import (
	"bytes"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certexch/certexch/protocol"
)

const (
	kindStream  = "SEALED STREAM"
	kindMessage = "MESSAGE"
	kindContent = "CONTENT"
)

// The exchange of which all streams are, as either side has it recorded.
var exchangeOf = map[protocol.Role]string{
	protocol.Initiator: "exchanges/good-initiator",
	protocol.Responder: "exchanges/good-responder",
}

// channel is one direction of a stream: who opened the stream, who speaks, and its number, which is 0
// for the control stream.
type channel struct {
	session        []byte
	opener, sender byte
	number         uint64
	salt           []byte
}

func (c channel) secret() []byte {
	return streamSecret(c.session, c.opener, c.sender, c.number, c.salt)
}

// prefix is what a direction begins with.
func (c channel) prefix() []byte {
	if c.opener == c.sender && c.number != 0 {
		return append(be64(c.number), c.salt...)
	}
	return c.salt
}

// frames are the sealed frames of a direction.
func (c channel) frames(all ...frame) (sealed [][]byte) {
	for n, f := range all {
		sealed = append(sealed, sealFrame(c.secret(), uint64(n), f))
	}
	return sealed
}

func (c channel) stream(frames ...[]byte) []byte {
	return append(bytes.Clone(c.prefix()), bytes.Join(frames, nil)...)
}

var (
	question  = frame{1, 0, []byte("what do you have?")}
	answer    = frame{1, 0, []byte("a report")}
	report    = frame{2, 0, []byte("revenue;4711")}
	theEnd    = frame{1, 1, nil}
	keepAlive = frame{1, 0, []byte{1}}
	goodbye   = frame{1, 1, []byte{2, 1}}
)

func streams(t testing.TB) (all []*vector) {
	m := newMeeting(t)
	s := m.honest(protocol.Initiator)
	secret := (&script{m, s, m.play(s, toTheEnd, nil)}).schedule().session
	data := channel{secret, initiatorRole, initiatorRole, 1, seed("salt")[:16]}
	back, opposite, control, second := data, data, data, data
	back.sender = responderRole
	opposite.opener, opposite.sender = responderRole, responderRole
	control.number = 0
	second.number = 2

	add := func(name, expect, check, comment string, c channel, received []frame, streams ...[]byte) {
		section := "certexch.md 8"
		if c.number == 0 && strings.HasPrefix(name, "control") {
			section = "certexch.md 9"
		}
		v := newVector("streams/"+name, expect, check, section, comment)
		receiver, opener := protocol.Role(initiatorRole+responderRole-c.sender), protocol.Role(c.opener)
		v.set("exchange", exchangeOf[receiver])
		v.set("receiver", receiver.String())
		v.set("opened by", opener.String())
		v.set("stream", map[bool]string{true: "control", false: "data"}[section == "certexch.md 9"])
		v.set("session secret", hex.EncodeToString(c.session))
		for _, s := range streams {
			v.add(kindStream, s)
		}
		for _, f := range received {
			v.add(map[byte]string{1: kindMessage, 2: kindContent}[f.kind], f.payload)
		}
		all = append(all, v)
	}
	whole := func(c channel, frames ...frame) []byte { return c.stream(c.frames(frames...)...) }
	talk := []frame{question, answer, report}
	sealed := data.frames(question, answer, report, theEnd)

	add("good", "end", "", "three frames and the end", data, talk, data.stream(sealed...))
	add("good-answer", "end", "", "the other direction of a stream has no number", back, talk, whole(back, question, answer, report, theEnd))
	add("good-opened-by-responder", "end", "", "either side opens streams", opposite, talk, whole(opposite, question, answer, report, theEnd))
	add("good-last-frame", "end", "", "the last frame has a payload", data, talk[:2], whole(data, question, frame{1, 1, answer.payload}))
	add("good-out-of-order", "end", "", "stream 2 arrives before stream 1", data, talk[:1], whole(second, question, theEnd), whole(data, question, theEnd))

	kinds := func(f frame) []byte { return whole(data, question, f, theEnd) }
	add("kind-0", "integrity", "F1", "a frame of kind 0", data, talk[:1], kinds(frame{0, 0, answer.payload}))
	add("kind-3", "integrity", "F1", "a frame of kind 3", data, talk[:1], kinds(frame{3, 0, answer.payload}))
	add("end-2", "integrity", "F2", "a frame whose end mark is 2", data, talk[:1], kinds(frame{1, 2, answer.payload}))
	add("frame-too-short", "integrity", "F3", "a frame without room for its tag", data, talk[:1], data.stream(sealed[0], []byte{1, 0, 0, 15}, make([]byte, 15)))
	add("frame-too-long", "integrity", "F3", "a frame of 65521 bytes", data, talk[:1], data.stream(sealed[0], []byte{1, 0, 0xff, 0xf1}))

	flipped := func(frame []byte, at int) []byte {
		frame = bytes.Clone(frame)
		frame[at] ^= 1
		return frame
	}
	asContent := bytes.Clone(sealed[1])
	asContent[0] = 2
	add("payload-altered", "integrity", "F4", "one bit of a payload is wrong", data, talk[:1], data.stream(sealed[0], flipped(sealed[1], 4), sealed[2], sealed[3]))
	add("tag-altered", "integrity", "F4", "one bit of a tag is wrong", data, talk[:1], data.stream(sealed[0], flipped(sealed[1], len(sealed[1])-1), sealed[2], sealed[3]))
	add("kind-altered", "integrity", "F4", "a message says that it is content", data, talk[:1], data.stream(sealed[0], asContent, sealed[2], sealed[3]))
	add("end-altered", "integrity", "F4", "a frame says that it is the last", data, talk[:1], data.stream(sealed[0], flipped(sealed[1], 1)))
	add("salt-altered", "integrity", "F4", "one bit of the salt is wrong", data, nil, flipped(data.stream(sealed...), 8))
	add("number-altered", "integrity", "F4", "the number of another stream", data, nil, append(be64(3), data.stream(sealed...)[8:]...))
	add("frames-reordered", "integrity", "F4", "the second frame before the first", data, nil, data.stream(sealed[1], sealed[0], sealed[2], sealed[3]))
	add("frame-twice", "integrity", "F4", "a frame a second time", data, talk[:1], data.stream(sealed[0], sealed[0], sealed[1], sealed[2], sealed[3]))
	add("frame-dropped", "integrity", "F4", "a frame is missing", data, talk[:1], data.stream(sealed[0], sealed[2], sealed[3]))
	add("of-another-stream", "integrity", "F4", "the end of another stream", data, talk[:1], data.stream(sealed[0], second.frames(question, theEnd)[1]))
	add("of-another-direction", "integrity", "F4", "what this side might have said", data, nil, data.stream(back.frames(question, theEnd)...))
	add("of-another-session", "integrity", "F4", "sealed under the secret of another session", data, nil, data.stream(channel{seed("other"), 1, 1, 1, data.salt}.frames(question, theEnd)...))

	add("data-after-the-end", "integrity", "F5", "a byte after the end", data, talk, data.stream(append(sealed, []byte{0})...))
	add("frame-after-the-end", "integrity", "F5", "a good frame after the end", data, talk[:1], whole(data, question, theEnd, answer))
	add("no-end", "integrity", "F6", "it stops after a frame, and no end", data, talk, data.stream(sealed[:3]...))
	add("cut-in-a-frame", "integrity", "F6", "it stops in a frame", data, talk[:2], data.stream(sealed[0], sealed[1], sealed[2][:20]))
	add("cut-in-a-header", "integrity", "F6", "it stops in the header of a frame", data, talk[:1], data.stream(sealed[0], sealed[1][:3]))
	add("cut-in-the-salt", "integrity", "F6", "it stops in its salt", data, nil, data.stream()[:12])
	add("cut-in-the-number", "integrity", "F6", "it stops in its number", data, nil, data.stream()[:7])
	add("number-0", "integrity", "F7", "stream 0 is the control stream", data, nil, append(be64(0), control.stream(control.frames(question, theEnd)...)...))
	add("number-twice", "integrity", "F7", "the number of a stream before", data, nil, whole(data, question, theEnd), whole(data, question, theEnd))

	add("control-goodbye", "goodbye done", "", "two keep-alives and a goodbye", control, nil, whole(control, keepAlive, keepAlive, goodbye))
	add("control-after-goodbye", "goodbye done", "", "what follows a goodbye is not read", control, nil, whole(control, goodbye, keepAlive))
	add("control-shutdown", "goodbye shutdown", "", "a goodbye from a terminal that is being stopped", control, nil, whole(control, frame{1, 1, []byte{2, 2}}))
	controlBack := control
	controlBack.sender = responderRole
	add("control-not-registered", "goodbye not-registered", "", "a goodbye from the responder, to a terminal that is no longer registered", controlBack, nil, whole(controlBack, frame{1, 1, []byte{2, 4}}))
	add("control-not-allowed", "goodbye not-allowed", "", "a goodbye from the responder, to a terminal that is no longer allowed", controlBack, nil, whole(controlBack, frame{1, 1, []byte{2, 3}}))
	for name, c := range map[string]struct {
		check, comment string
		frame          frame
	}{
		"control-content":             {"G1", "content", frame{2, 0, []byte{1}}},
		"control-empty":               {"G2", "an empty message", frame{1, 0, nil}},
		"control-empty-last":          {"G2", "an empty message as the end", frame{1, 1, nil}},
		"control-kind-0":              {"G2", "a control message of kind 0", frame{1, 0, []byte{0}}},
		"control-kind-3":              {"G2", "a control message of kind 3", frame{1, 0, []byte{3}}},
		"control-keep-alive-longer":   {"G3", "a keep-alive with a byte more", frame{1, 0, []byte{1, 0}}},
		"control-goodbye-longer":      {"G3", "a goodbye with a byte more", frame{1, 1, []byte{2, 1, 0}}},
		"control-goodbye-no-reason":   {"G3", "a goodbye without a reason", frame{1, 1, []byte{2}}},
		"control-keep-alive-last":     {"G4", "a keep-alive as the end", frame{1, 1, []byte{1}}},
		"control-goodbye-not-the-end": {"G4", "a goodbye that is not the end", frame{1, 0, []byte{2, 1}}},
		"control-reason-0":            {"G5", "a goodbye for reason 0", frame{1, 1, []byte{2, 0}}},
		"control-reason-5":            {"G5", "a goodbye for reason 5", frame{1, 1, []byte{2, 5}}},
	} {
		add(name, "integrity", c.check, c.comment, control, nil, whole(control, keepAlive, c.frame))
	}
	add("control-cut", "integrity", "F6", "it stops without a goodbye", control, nil, whole(control, keepAlive))
	return all
}

// tape is a transport of recorded bytes.
type tape struct {
	io.Reader
	written bytes.Buffer
}

func playing(b []byte) *tape { return &tape{Reader: bytes.NewReader(b)} }

func (t *tape) Write(b []byte) (int, error)      { return t.written.Write(b) }
func (t *tape) Close() error                     { return nil }
func (t *tape) CloseWrite() error                { return nil }
func (t *tape) Reset() error                     { return nil }
func (t *tape) SetReadDeadline(time.Time) error  { return nil }
func (t *tape) SetWriteDeadline(time.Time) error { return nil }

// sessionOf is the session that the exchange of a vector gave to the side with this role.
func sessionOf(t testing.TB, role protocol.Role) *protocol.Session {
	t.Helper()
	file := must(os.ReadFile(filepath.Join("vectors", exchangeOf[role])))(t)
	session, _ := rerun(t, must(parse(exchangeOf[role], file))(t))
	return session
}

func roleOf(s string) protocol.Role {
	if s == protocol.Initiator.String() {
		return protocol.Initiator
	}
	return protocol.Responder
}

// judgeStream runs a vector of streams/.
func judgeStream(t *testing.T, v *vector) {
	receiver := sessionOf(t, roleOf(v.get("receiver")))
	var got []frame
	var err error
	for _, stream := range v.all(kindStream) {
		if v.get("stream") == "control" {
			judgeControl(t, v, receiver, stream)
			return
		}
		got, err = receive(receiver, roleOf(v.get("opened by")), stream)
	}
	outcome := "end"
	if errors.Is(err, protocol.ErrIntegrity) {
		outcome = "integrity"
	} else if err != io.EOF {
		t.Fatal(err)
	}
	if outcome != v.get("expect") {
		t.Errorf("%s: %v", outcome, err)
	}
	if payloads := v.blocks[len(v.all(kindStream)):]; !slices.EqualFunc(got, payloads, carries) {
		t.Errorf("%d frames arrived, or others than the %d that should", len(got), len(payloads))
	}
	if asSent[v.name] {
		resend(t, v)
	}
}

// carries reports whether a frame is what a block says.
func carries(f frame, b *pem.Block) bool {
	return f.kind == byte(kindOf(b.Type)) && bytes.Equal(f.payload, b.Bytes)
}

// receive takes what arrives on a stream until it ends.
func receive(s *protocol.Session, opener protocol.Role, stream []byte) (got []frame, err error) {
	var c *protocol.Channel
	if opener == s.Role() {
		c, err = s.Open(playing(stream), zeros{})
	} else {
		c, err = s.Accept(playing(stream), zeros{})
	}
	for f := protocol.NewFrame(); err == nil; {
		if err = c.Receive(f); err == nil {
			got = append(got, frame{byte(f.Kind), 0, bytes.Clone(f.Payload())})
		}
	}
	return got, err
}

func judgeControl(t *testing.T, v *vector, s *protocol.Session, stream []byte) {
	c := must(s.Control(playing(stream), zeros{}))(t)
	reason, err := c.Receive()
	outcome := "goodbye " + reason.String()
	if errors.Is(err, protocol.ErrIntegrity) {
		outcome = "integrity"
	} else {
		check(t, err)
	}
	if outcome != v.get("expect") {
		t.Errorf("%s: %v", outcome, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// asSent are the streams that this implementation sends as they are.
var asSent = map[string]bool{"streams/good": true, "streams/good-answer": true, "streams/good-opened-by-responder": true}

// resend lets the sender of a stream send it again: it comes out the same.
func resend(t *testing.T, v *vector) {
	opener, sender := roleOf(v.get("opened by")), opposite(roleOf(v.get("receiver")))
	stream := v.one(t, kindStream)
	s, out := sessionOf(t, sender), playing(be64(1))
	var c *protocol.Channel
	if opener == sender {
		c = must(s.Open(out, bytes.NewReader(stream[8:24])))(t)
	} else {
		c = must(s.Accept(out, bytes.NewReader(stream[:16])))(t)
	}
	for _, b := range v.blocks[1:] {
		f := protocol.NewFrame()
		f.Kind = kindOf(b.Type)
		copy(f.Resize(len(b.Bytes)), b.Bytes)
		check(t, c.Send(f))
	}
	check(t, c.CloseSend())
	if !bytes.Equal(out.written.Bytes(), stream) {
		t.Errorf("sent again it is %x", out.written.Bytes())
	}
}

func kindOf(block string) protocol.Kind {
	if block == kindContent {
		return protocol.KindContent
	}
	return protocol.KindMessage
}

// TestNextKey sends frames until the key changes, and opens those around the change with the keys of
// the specification.
func TestNextKey(t *testing.T) {
	if *update {
		t.Skip("needs the vectors")
	}
	const change = 1 << 20
	v := must(parse("", must(os.ReadFile("vectors/streams/good"))(t)))(t)
	salt, out := seed("salt")[:16], playing(nil)
	c := must(sessionOf(t, protocol.Initiator).Open(out, bytes.NewReader(salt)))(t)
	secret := streamSecret(must(hex.DecodeString(v.get("session secret")))(t), initiatorRole, initiatorRole, 1, salt)
	f := protocol.NewFrame()
	f.Kind = protocol.KindMessage
	for n := range uint64(change + 2) {
		out.written.Reset()
		check(t, c.Send(f))
		switch n {
		case change - 1:
		case change:
			secret = expand(secret, "certexch/1.0 next")
		default:
			continue
		}
		if want := sealFrame(secret, n, frame{kind: 1}); !bytes.Equal(out.written.Bytes(), want) {
			t.Errorf("frame %d is %x, want %x", n, out.written.Bytes(), want)
		}
	}
}
