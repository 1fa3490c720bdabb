package protocol

import (
	"crypto/ed25519"
	"crypto/sha256"

	"github.com/certexch/certexch/certauth"
)

// authenticate runs the checks that make a peer of whoever sent a certificate, in the order of
// spec/certexch.md, section 6. msg is the whole message, which ends with its signature.
func (m *Machine) authenticate(certificate []byte, label string, msg []byte) error {
	cert, err := m.cfg.Roots().Open(certificate, m.cfg.Now())
	if err != nil { // P2
		return refuseCertificate(err)
	}
	if !cert.SigningKey().Equal(m.cfg.Peer) { // P3
		return &RefusedError{Reason: KeyMismatch, Peer: cert.Identity()}
	}
	m.session.peer = cert
	if m.isOwn(cert) { // P4
		return &RefusedError{Reason: OwnIdentity}
	}
	if err := m.verify(label, msg); err != nil { // P5
		return err
	}
	if !m.cfg.Expect.IsZero() && cert.Identity() != m.cfg.Expect { // P6
		return &RefusedError{Reason: OtherTerminal, Expected: m.cfg.Expect}
	}
	return m.judge(cert)
}

// isOwn reports whether cert names this terminal, by identity or by key.
func (m *Machine) isOwn(cert *certauth.Certificate) bool {
	return cert.Identity() == m.self || cert.SigningKey().Equal(m.localKey())
}

// judge is the last check: the verdict on a peer that has proven who it is.
func (m *Machine) judge(cert *certauth.Certificate) error {
	m.session.ours = Member
	if m.cfg.Registered(cert) {
		m.session.ours = Registered
	}
	if m.cfg.Private && m.session.ours != Registered { // P7
		return &RefusedError{Reason: NotRegisteredHere}
	}
	var err error
	m.peerKey, err = kem().NewPublicKey(cert.SealingKey())
	return err
}

// signed is what a signature covers: the domain string, which names the role, and the hash of
// everything before it, which begins with the protocol and both peer IDs.
func (m *Machine) signed(label string, unsigned []byte) []byte {
	hash := sha256.Sum256(append(m.transcript[:len(m.transcript):len(m.transcript)], unsigned...))
	return append(append([]byte(label), 0), hash[:]...)
}

// verify checks the signature at the end of msg, by the certified key of the peer.
func (m *Machine) verify(label string, msg []byte) error {
	unsigned, signature := splitSignature(msg)
	if !ed25519.Verify(m.session.peer.SigningKey(), m.signed(label, unsigned), signature) {
		return &RefusedError{Reason: BadSignature}
	}
	return nil
}

// sign completes msg, whose last bytes are room for the signature, and adds it to the transcript.
func (m *Machine) sign(label string, msg []byte) []byte {
	unsigned, room := splitSignature(msg)
	copy(room, ed25519.Sign(m.cfg.Signing, m.signed(label, unsigned)))
	m.transcript = append(m.transcript, msg...)
	return msg
}

func splitSignature(msg []byte) (unsigned, signature []byte) {
	n := len(msg) - ed25519.SignatureSize
	return msg[:n], msg[n:]
}
