package protocol

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"io"

	"github.com/certexch/certexch/certauth"
)

// Machine is one side of one exchange (spec/certexch.md, sections 4 to 7), without input or output:
// Step takes a message that arrived and returns the bytes to send. It is not safe for concurrent use.
//
// The error contract: the first error ends the machine. The bytes to send are then REFUSED, or nothing
// when the peer refused first or nothing has been sent yet; every later Step fails. A Session is
// returned once, by the Step that completes the exchange; until then nothing else may be accepted from
// the peer.
type Machine struct {
	cfg  Config
	role Role
	next func(msg []byte) (out []byte, err error) // what the message that is due does

	transcript []byte // protocol, peer IDs, then every message as it was sent
	ephemeral  hpke.PrivateKey
	exports    exports
	secrets    secrets
	peerKey    hpke.PublicKey // the certified sealing key of the peer
	peerClock  uint64

	self   certauth.Identity // this terminal
	ownErr error             // why this side's own certificate is not good now

	session *Session
	done    bool
}

// exports are the secrets of the three encapsulations, by the key that they went to.
type exports struct{ ephemeral, initiator, responder []byte }

// NewInitiator returns the machine of the side that dialled. Its first Step takes nil and returns M1.
// It fails when cfg is incomplete, and with a *RefusedError when cfg.Peer is no proper key, or this
// side's own certificate is not good now or not of these keys.
func NewInitiator(cfg Config) (*Machine, error) {
	m, err := newMachine(cfg, Initiator)
	if err != nil {
		return nil, err
	}
	m.next = m.sendM1
	return m, nil
}

// NewResponder returns the machine of the side that was dialled. Its first Step takes M1. It fails as
// NewInitiator does, but for a certificate of its own that is genuine and only out of date or revoked:
// then it still answers an initiator that has proven itself, so that the initiator can see why it gets
// no further, and refuses at M3.
func NewResponder(cfg Config) (*Machine, error) {
	m, err := newMachine(cfg, Responder)
	if err != nil {
		return nil, err
	}
	m.next = m.takeM1
	return m, nil
}

func newMachine(cfg Config, role Role) (*Machine, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	m := &Machine{cfg: cfg, role: role, session: &Session{role: role}}
	m.ownErr = m.checkOwn()
	if m.ownErr != nil && (role == Initiator || m.self.IsZero()) {
		return nil, m.ownErr
	}
	initiator, responder := m.localKey(), cfg.Peer
	if role == Responder {
		initiator, responder = responder, initiator
	}
	m.transcript = append([]byte(ID), peerID(initiator)...)
	m.transcript = append(m.transcript, peerID(responder)...)
	return m, nil
}

// checkOwn checks this side's own certificate: what the peer must refuse is not worth sending, and
// here the reason is known. It fills in who this side is, if the certificate is genuine.
func (m *Machine) checkOwn() error {
	own, err := m.cfg.Roots().Open(m.cfg.Certificate, m.cfg.Now())
	if err != nil { // O1
		r := refuseCertificate(err)
		m.self = r.Peer
		r.Own, r.Peer = true, certauth.Identity{}
		return r
	}
	if !own.SigningKey().Equal(m.localKey()) || !bytes.Equal(own.SealingKey(), m.cfg.Sealing.PublicKey().Bytes()) { // O2
		return &RefusedError{Reason: KeyMismatch, Own: true}
	}
	m.self = own.Identity()
	return nil
}

func (m *Machine) localKey() ed25519.PublicKey { return m.cfg.Signing.Public().(ed25519.PublicKey) }

// peerID is the libp2p peer ID of an Ed25519 key: the identity multihash of its protobuf form.
func peerID(key ed25519.PublicKey) []byte {
	return append([]byte{0x00, 0x24, 0x08, 0x01, 0x12, 0x20}, key...)
}

// Step takes the message that arrived, whole (the initiator's first Step takes nil), and returns the
// bytes to send, and the session when the exchange is complete. An error is a *RefusedError, or one of
// this side's own (no randomness, keys that do not fit), and it is final.
func (m *Machine) Step(msg []byte) (out []byte, session *Session, err error) {
	if m.next == nil { // E14
		return nil, nil, refuse(BadMessage, "the exchange is over")
	}
	first := m.role == Initiator && msg == nil
	if len(msg) > 0 && messageType(msg[0]) == typeRefused {
		err = m.takeRefused(msg)
	} else {
		out, err = m.next(msg)
	}
	if err != nil {
		out = refused
		if first || byPeer(err) {
			out = nil
		}
		return out, nil, m.fail(err)
	}
	if m.done {
		m.next, m.secrets = nil, secrets{}
		return out, m.session, nil
	}
	return out, nil, nil
}

// fail ends the machine, forgetting its secrets, and completes the evidence.
func (m *Machine) fail(err error) error {
	m.next, m.ephemeral, m.exports, m.secrets = nil, nil, exports{}, secrets{}
	var r *RefusedError
	if errors.As(err, &r) {
		if r.Peer.IsZero() && m.session.peer != nil {
			r.Peer = m.session.peer.Identity()
		}
		r.PeerClock, r.Clock = m.peerClock, m.unixTime()
	}
	return err
}

// finish derives the secrets once all three exports are known.
func (m *Machine) finish() error {
	var err error
	m.secrets, err = deriveSecrets(sha256.Sum256(m.transcript), m.exports.ephemeral, m.exports.initiator, m.exports.responder)
	m.ephemeral, m.exports = nil, exports{}
	m.session.secret = m.secrets.session
	return err
}

// takeFinished checks the peer's FINISHED against want.
func takeFinished(msg []byte, want [32]byte) error {
	mac, err := parseFinished(msg)
	if err != nil {
		return err
	}
	if !hmac.Equal(mac[:], want[:]) { // P11
		return &RefusedError{Reason: BadFinished}
	}
	return nil
}

func (m *Machine) takeRefused(msg []byte) error {
	if !bytes.Equal(msg, refused) { // E8
		return refuse(BadMessage, "REFUSED is not in its form")
	}
	return m.refusedByPeer()
}

// refusedByPeer finds what this side can know of why the peer refused: its own certificate, lists and
// clock. The peer tells nothing.
func (m *Machine) refusedByPeer() *RefusedError {
	var own *RefusedError
	if errors.As(m.checkOwn(), &own) {
		own.ByPeer = true
		return own
	}
	return &RefusedError{Reason: Refused, ByPeer: true}
}

func byPeer(err error) bool {
	var r *RefusedError
	return errors.As(err, &r) && r.ByPeer
}

// newEphemeral makes the key pair of this one exchange from 32 random bytes.
func (m *Machine) newEphemeral() error {
	var seed [32]byte
	if _, err := io.ReadFull(m.cfg.Rand, seed[:]); err != nil {
		return err
	}
	var err error
	m.ephemeral, err = kem().NewPrivateKey(seed[:])
	return err
}

// authorities is what this side says it trusts. A node with more authorities than fit names the first.
func (m *Machine) authorities() []certauth.AuthorityState {
	list := m.cfg.Roots().Authorities()
	return list[:min(len(list), MaxAuthorities)]
}

// unixTime is the clock in Unix seconds, for diagnosis on the other side.
func (m *Machine) unixTime() uint64 { return uint64(max(0, m.cfg.Now().Unix())) }
