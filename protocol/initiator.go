package protocol

import "io"

// sendM1 opens the exchange. It shows this terminal's certificate to whoever was dialled: that is what
// an initiator risks (spec/certexch.md, section 13).
func (m *Machine) sendM1(msg []byte) ([]byte, error) {
	if msg != nil {
		return nil, refuse(BadMessage, "a message before M1")
	}
	if err := m.newEphemeral(); err != nil {
		return nil, err
	}
	hello := m1{
		ephemeral:   m.ephemeral.PublicKey().Bytes(),
		certificate: m.cfg.Certificate,
		authorities: m.authorities(),
		time:        m.unixTime(),
	}
	if _, err := io.ReadFull(m.cfg.Rand, hello.nonce[:]); err != nil {
		return nil, err
	}
	msg, err := hello.marshal()
	if err != nil {
		return nil, err
	}
	m.next = m.takeM2
	return m.sign(labelSignM1, msg), nil
}

// takeM2 authenticates the responder, and answers with M3 and this side's FINISHED.
func (m *Machine) takeM2(msg []byte) ([]byte, error) {
	hello, err := parseM2(msg)
	if err != nil {
		return nil, err
	}
	m.peerClock = hello.time
	if err := m.authenticate(hello.certificate, labelSignM2, msg); err != nil {
		return nil, err
	}
	m.session.theirs, m.session.authorities = hello.verdict, hello.authorities
	m.transcript = append(m.transcript, msg...)
	if m.exports.ephemeral, err = decapsulate(m.ephemeral, hello.encEphemeral, labelEphemeral); err != nil {
		return nil, err
	}
	if m.exports.initiator, err = decapsulate(m.cfg.Sealing, hello.encInitiator, labelInitiator); err != nil {
		return nil, err
	}
	return m.sendM3()
}

func (m *Machine) sendM3() ([]byte, error) {
	enc, secret, err := m.cfg.Encapsulate(m.peerKey, labelResponder)
	if err != nil {
		return nil, err
	}
	m.exports.responder = secret
	reply := m3{encResponder: enc, verdict: m.session.ours}
	msg, err := reply.marshal()
	if err != nil {
		return nil, err
	}
	out := m.sign(labelSignM3, msg)
	if err := m.finish(); err != nil {
		return nil, err
	}
	m.next = m.takeFinishedR
	return append(out, marshalFinished(m.secrets.finishedI)...), nil
}

// takeFinishedR completes the exchange: the responder has shown that it holds the same keys.
func (m *Machine) takeFinishedR(msg []byte) ([]byte, error) {
	if err := takeFinished(msg, m.secrets.finishedR); err != nil {
		return nil, err
	}
	m.done = true
	return nil, nil
}
