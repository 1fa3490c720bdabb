package protocol

import (
	"crypto/hpke"
	"io"

	"github.com/certexch/certexch/certauth"
)

// takeM1 authenticates the initiator. Until that has passed, nothing leaves that would tell who this
// terminal is.
func (m *Machine) takeM1(msg []byte) ([]byte, error) {
	hello, err := parseM1(msg)
	if err != nil {
		return nil, err
	}
	m.peerClock = hello.time
	if err := m.authenticate(hello.certificate, labelSignM1, msg); err != nil {
		return nil, err
	}
	m.session.authorities = hello.authorities
	m.transcript = append(m.transcript, msg...)
	if err := certauth.CheckSealingKey(hello.ephemeral); err != nil { // P8
		return nil, refuse(BadMessage, "ephemeral key: %w", err)
	}
	ephemeral, err := kem().NewPublicKey(hello.ephemeral)
	if err != nil {
		return nil, err
	}
	return m.sendM2(ephemeral)
}

func (m *Machine) sendM2(ephemeral hpke.PublicKey) ([]byte, error) {
	hello := m2{
		certificate: m.cfg.Certificate,
		authorities: m.authorities(),
		time:        m.unixTime(),
		verdict:     m.session.ours,
	}
	if _, err := io.ReadFull(m.cfg.Rand, hello.nonce[:]); err != nil {
		return nil, err
	}
	var err error
	if hello.encEphemeral, m.exports.ephemeral, err = m.cfg.Encapsulate(ephemeral, labelEphemeral); err != nil {
		return nil, err
	}
	if hello.encInitiator, m.exports.initiator, err = m.cfg.Encapsulate(m.peerKey, labelInitiator); err != nil {
		return nil, err
	}
	msg, err := hello.marshal()
	if err != nil {
		return nil, err
	}
	m.next = m.takeM3
	return m.sign(labelSignM2, msg), nil
}

// takeM3 takes the initiator's encapsulation and verdict; FINISHED is due next.
func (m *Machine) takeM3(msg []byte) ([]byte, error) {
	reply, err := parseM3(msg)
	if err != nil {
		return nil, err
	}
	if err := m.verify(labelSignM3, msg); err != nil { // P10
		return nil, err
	}
	if m.ownErr != nil { // O3
		return nil, m.ownErr
	}
	m.session.theirs = reply.verdict
	m.transcript = append(m.transcript, msg...)
	if m.exports.responder, err = decapsulate(m.cfg.Sealing, reply.encResponder, labelResponder); err != nil {
		return nil, err
	}
	m.next = m.takeFinishedI
	return nil, m.finish()
}

// takeFinishedI completes the exchange on this side, and lets the initiator complete it.
func (m *Machine) takeFinishedI(msg []byte) ([]byte, error) {
	if err := takeFinished(msg, m.secrets.finishedI); err != nil {
		return nil, err
	}
	m.done = true
	return marshalFinished(m.secrets.finishedR), nil
}
