package protocol

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"errors"
	"testing"

	"github.com/certexch/certexch/certauth"
)

// What is not there refuses.
func TestMissingPolicyRefuses(t *testing.T) {
	w := newWorld(t)
	for name, remove := range map[string]edit{
		"Now":         func(c *Config) { c.Now = nil },
		"Roots":       func(c *Config) { c.Roots = nil },
		"Registered":  func(c *Config) { c.Registered = nil },
		"Certificate": func(c *Config) { c.Certificate = nil },
		"Signing":     func(c *Config) { c.Signing = nil },
		"Sealing":     func(c *Config) { c.Sealing = nil },
		"Peer":        func(c *Config) { c.Peer = nil },
		"Rand":        func(c *Config) { c.Rand = nil },
		"Encapsulate": func(c *Config) { c.Encapsulate = nil },
	} {
		cfg := w.config(w.a, w.b)
		remove(&cfg)
		if _, err := NewInitiator(cfg); err == nil {
			t.Errorf("an initiator without %s", name)
		}
		if _, err := NewResponder(cfg); err == nil {
			t.Errorf("a responder without %s", name)
		}
	}
	s, _ := converse(w.initiator(t), w.responder(t), nil).both(t)
	near, _ := newPipe()
	if _, err := s.Open(near, nil); err == nil {
		t.Error("a stream without randomness")
	}
}

// With such a key a signature proves nothing, so no connection may have it.
func TestPeerKeyOfLowOrder(t *testing.T) {
	w := newWorld(t)
	cfg := w.config(w.a, w.b)
	for _, key := range []ed25519.PublicKey{
		append([]byte{1}, make([]byte, 31)...),
		append([]byte{0xee}, append(bytes.Repeat([]byte{0xff}, 30), 0x7f)...),
		make([]byte, 31),
	} {
		cfg.Peer = key
		_, err := NewResponder(cfg)
		reasonOf(t, err, KeyMismatch)
	}
}

// An ephemeral key with an X25519 part of low order would leave half of the hybrid.
func TestEphemeralKeyOfLowOrder(t *testing.T) {
	w := newWorld(t)
	i, r := w.initiator(t), w.responder(t)
	m1, _, err := i.Step(nil)
	check(t, err)
	key := m1[messageHeader+nonceSize+2:][:1216]
	clear(key[1184:])
	i.transcript = i.transcript[:len(i.transcript)-len(m1)]
	_, _, err = r.Step(i.sign(labelSignM1, m1))
	got := reasonOf(t, err, BadMessage)
	if got.Peer != w.a.Identity {
		t.Error("refused before it was known whose it was")
	}
}

// An encapsulation that was altered on its way or made wrong opens to another secret without an
// error: FINISHED is what shows it.
func TestAlteredEncapsulation(t *testing.T) {
	w := newWorld(t)
	for _, label := range []string{labelEphemeral, labelInitiator, labelResponder} {
		altering := func(at int) edit {
			return func(c *Config) {
				c.Encapsulate = func(key hpke.PublicKey, info string) ([]byte, []byte, error) {
					enc, secret, err := Encapsulate(key, info)
					if info == label {
						enc[at] ^= 1
					}
					return enc, secret, err
				}
			}
		}
		for _, at := range []int{0, encSize - 32, encSize - 1} {
			o := converse(w.initiator(t, altering(at)), w.responder(t, altering(at)), nil)
			o.refusedFor(t, Responder, BadFinished)
			if o.session[Initiator] != nil {
				t.Error("the initiator has a session")
			}
		}
	}
}

func TestEncapsulationOfLowOrder(t *testing.T) {
	w := newWorld(t)
	for label, judge := range map[string]Role{labelEphemeral: Initiator, labelInitiator: Initiator, labelResponder: Responder} {
		weak := func(c *Config) {
			c.Encapsulate = func(key hpke.PublicKey, info string) ([]byte, []byte, error) {
				enc, secret, err := Encapsulate(key, info)
				if info == label {
					clear(enc[encSize-32:])
				}
				return enc, secret, err
			}
		}
		converse(w.initiator(t, weak), w.responder(t, weak), nil).refusedFor(t, judge, BadMessage)
	}
}

// The refused side is told nothing, and says what it can find out by itself.
func TestRefusedSideExplainsItself(t *testing.T) {
	w := newWorld(t)
	for name, s := range w.strangers(t) {
		if !s.genuine() {
			continue
		}
		i := w.defiant(t, NewInitiator, s, w.b)
		_, _, err := i.Step(nil)
		check(t, err)
		i.cfg.Roots = func() *certauth.Roots { return s.roots }
		out, _, err := i.Step(refused)
		if got := reasonOf(t, err, s.reason); !got.Own || !got.ByPeer || out != nil {
			t.Errorf("%s: %+v, answered %x", name, got, out)
		}
	}
}

// Errors of this side's own are no refusals, but end the exchange like one.
func TestOwnFailure(t *testing.T) {
	w := newWorld(t)
	broken := errors.New("no entropy")
	i, r := w.initiator(t), w.responder(t)
	i.cfg.Rand, r.cfg.Rand = failing{broken}, failing{broken}
	out, _, err := i.Step(nil)
	if !errors.Is(err, broken) || out != nil {
		t.Errorf("initiator: %v, sent %x", err, out)
	}
	out, _, err = r.Step(w.recorded(t)[flowM1])
	if !errors.Is(err, broken) || !bytes.Equal(out, refused) {
		t.Errorf("responder: %v, sent %x", err, out)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
