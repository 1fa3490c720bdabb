package protocol

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/certexch/certexch/internal/certtest"
)

// Somebody in the middle has a connection with each side and forwards everything.
func TestB6Splice(t *testing.T) {
	w := newWorld(t)
	middle := func(c *Config) { c.Peer = publicKey(certtest.NewKeys(t)) }

	o := converse(w.initiator(t, middle), w.responder(t, middle), nil)
	o.refusedFor(t, Responder, KeyMismatch)
	if got := o.refusedFor(t, Initiator, Refused); !got.ByPeer {
		t.Errorf("got %+v", got)
	}
	// Even if one connection had lied about its key, the peer IDs are signed.
	converse(w.initiator(t, middle), w.responder(t), nil).refusedFor(t, Responder, BadSignature)
}

func TestB7Replay(t *testing.T) {
	w := newWorld(t)
	old := w.recorded(t)

	t.Run("to the responder", func(t *testing.T) {
		r := w.responder(t)
		_, _, err := r.Step(old[flowM1]) // anyone may say it again; it has an answer for the holder of the key only
		check(t, err)
		_, session, err := r.Step(old[flowM3])
		reasonOf(t, err, BadSignature)
		if session != nil {
			t.Error("a session")
		}
	})
	t.Run("on another connection", func(t *testing.T) {
		r := w.responder(t, func(c *Config) { c.Peer = publicKey(certtest.NewKeys(t)) })
		_, _, err := r.Step(old[flowM1])
		reasonOf(t, err, KeyMismatch)
	})
	t.Run("to the initiator", func(t *testing.T) {
		i := w.initiator(t)
		_, _, err := i.Step(nil)
		check(t, err)
		_, _, err = i.Step(old[flowM2])
		reasonOf(t, err, BadSignature)
	})
	for _, n := range []int{flowFinishedI, flowFinishedR} {
		m, _ := w.waiting(t, n)
		_, _, err := m.Step(old[n])
		reasonOf(t, err, BadFinished)
	}
}

// A peer gets this terminal's own messages back.
func TestB11Reflection(t *testing.T) {
	w := newWorld(t)
	i := w.initiator(t)
	m1, _, err := i.Step(nil)
	check(t, err)
	_, _, err = i.Step(m1)
	reasonOf(t, err, BadMessage)

	i, m2 := w.waiting(t, flowM2)
	out, _, err := i.Step(m2)
	check(t, err)
	_, _, err = i.Step(messages(out)[1]) // its own FINISHED
	reasonOf(t, err, BadFinished)
}

// Both ends of the connection are this terminal, or claim to be.
func TestB11Self(t *testing.T) {
	w := newWorld(t)
	sameKey := w.authority.Certify(t, w.a, "other", certtest.Now, certtest.Now)
	for name, peer := range map[string]certtest.Terminal{
		"itself":                  w.a,
		"its identity, other key": w.authority.Terminal(t, "site-a/desk"),
		"its key, other identity": sameKey,
	} {
		t.Run(name, func(t *testing.T) {
			i, r := w.machine(t, NewInitiator, w.config(w.a, peer), nil), w.machine(t, NewResponder, w.config(peer, w.a), nil)
			converse(i, r, nil).refusedFor(t, Responder, OwnIdentity)

			i = w.machine(t, NewInitiator, w.config(w.a, peer), nil)
			m1, _, err := i.Step(nil)
			check(t, err)
			_, _, err = i.Step(uncriticalM2(t, w.config(peer, w.a), m1))
			reasonOf(t, err, OwnIdentity)
		})
	}
}

// uncriticalM2 is the answer of a responder that checks nothing.
func uncriticalM2(t testing.TB, cfg Config, m1 []byte) []byte {
	t.Helper()
	r, err := NewResponder(cfg)
	check(t, err)
	hello, err := parseM1(m1)
	check(t, err)
	ephemeral, err := kem().NewPublicKey(hello.ephemeral)
	check(t, err)
	r.transcript = append(r.transcript, m1...)
	r.session.ours, r.peerKey = Registered, cfg.Sealing.PublicKey()
	out, err := r.sendM2(ephemeral)
	check(t, err)
	return out
}

// With a recording of everything and, afterwards, both terminals' keys, the traffic stays closed: only
// the ephemeral key opens it, and that is gone.
func TestB14ForwardSecrecy(t *testing.T) {
	w := newWorld(t)
	ephemeral := [32]byte{1}
	i := w.initiator(t)
	i.cfg.Rand = io.MultiReader(bytes.NewReader(ephemeral[:]), rand.Reader)
	o := converse(i, w.responder(t), nil)
	session, _ := o.both(t)
	near, _ := newPipe()
	channel, err := session.Open(near, zeros{})
	check(t, err)
	check(t, channel.Send(text("the quarterly figures")))

	transcript := sha256.New()
	fmt.Fprintf(transcript, "%s%s%s", ID, peerID(publicKey(w.a)), peerID(publicKey(w.b)))
	for _, f := range o.sent[:flowFinishedI] {
		transcript.Write(f.msg)
	}
	tap := recording{near.out.tap, [32]byte(transcript.Sum(nil)), NewFrame()}

	m2, err := parseM2(o.sent[flowM2].msg)
	check(t, err)
	m3, err := parseM3(o.sent[flowM3].msg)
	check(t, err)
	labels := []string{labelEphemeral, labelInitiator, labelResponder}
	known := [][]byte{nil, make([]byte, exportSize), tap.transcript[:]}
	for _, enc := range [][]byte{m2.encEphemeral, m2.encInitiator, m3.encResponder} {
		for _, key := range []certtest.Terminal{w.a, w.b} {
			for _, label := range labels {
				secret, err := decapsulate(key.Sealing, enc, label)
				check(t, err)
				known = append(known, secret)
			}
		}
	}
	for _, x := range known {
		for _, y := range known {
			for _, z := range known {
				if tap.opens(x, y, z) {
					t.Fatal("the recording opens without the ephemeral key")
				}
			}
		}
	}

	private, err := kem().NewPrivateKey(ephemeral[:])
	check(t, err)
	toEphemeral, err := decapsulate(private, m2.encEphemeral, labelEphemeral)
	check(t, err)
	if !slices.ContainsFunc(known, func(y []byte) bool {
		return slices.ContainsFunc(known, func(z []byte) bool { return tap.opens(toEphemeral, y, z) })
	}) {
		t.Fatal("the recording does not even open with the ephemeral key: this test shows nothing")
	}
}

// recording is the initiator's first stream, and the exchange before it.
type recording struct {
	stream     []byte
	transcript [32]byte
	frame      *Frame
}

func (r recording) opens(ephemeral, initiator, responder []byte) bool {
	s, err := deriveSecrets(r.transcript, ephemeral, initiator, responder)
	if err != nil {
		return false
	}
	salt, sealed := [saltSize]byte(r.stream[8:]), r.stream[8+saltSize:]
	d := direction{secret: streamSecret(s.session, Initiator, Initiator, 1, salt)}
	copy(r.frame.buf[:], sealed)
	return r.frame.parseHeader() == nil && d.open(r.frame) == nil
}
