package protocol

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"io"

	"golang.org/x/crypto/cryptobyte"

	"github.com/certexch/certexch/certauth"
)

// messageType is the first byte of a message of the exchange (spec/certexch.md, section 4).
type messageType uint8

const (
	typeM1       messageType = 1 // I→R: nonce ephemeral certificate authorities time signature
	typeM2       messageType = 2 // R→I: nonce enc(ephemeral) enc(I) certificate authorities time verdict signature
	typeM3       messageType = 3 // I→R: enc(R) verdict signature
	typeFinished messageType = 4 // both: mac
	typeRefused  messageType = 5 // both: nothing
)

const (
	messageHeader = 3 // type, length of the body
	nonceSize     = 32
	encSize       = 1120 // an X-Wing encapsulation
	exportSize    = 32
)

// refused is the one answer to everything that fails.
var refused = []byte{byte(typeRefused), 0, 0}

type m1 struct {
	nonce       [nonceSize]byte
	ephemeral   []byte // X-Wing public key
	certificate []byte // DER
	authorities []certauth.AuthorityState
	time        uint64 // Unix seconds, for diagnosis only
}

type m2 struct {
	nonce        [nonceSize]byte
	encEphemeral []byte
	encInitiator []byte
	certificate  []byte
	authorities  []certauth.AuthorityState
	time         uint64
	verdict      Verdict
}

type m3 struct {
	encResponder []byte
	verdict      Verdict
}

// message frames a body.
func message(t messageType, body func(*cryptobyte.Builder)) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddUint8(uint8(t))
	b.AddUint16LengthPrefixed(body)
	out, err := b.Bytes()
	if err == nil && len(out) > MaxMessage {
		err = fmt.Errorf("protocol: message of %d bytes", len(out))
	}
	return out, err
}

// ReadMessage reads one message of the exchange from r: header, then as much as the header says. The
// length is checked before memory is reserved. It returns a *RefusedError (BadMessage) for a header
// that cannot begin a message, and r's error otherwise.
func ReadMessage(r io.Reader) ([]byte, error) {
	var header [messageHeader]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	size := messageHeader + int(binary.BigEndian.Uint16(header[1:]))
	if size > MaxMessage { // E1
		return nil, refuse(BadMessage, "message of %d bytes", size)
	}
	msg := make([]byte, size)
	copy(msg, header[:])
	if _, err := io.ReadFull(r, msg[messageHeader:]); err != nil {
		return nil, err
	}
	return msg, nil
}

// body returns the body of msg if it is one whole message of type t.
func body(msg []byte, t messageType) (cryptobyte.String, error) {
	if len(msg) > MaxMessage { // E1
		return nil, refuse(BadMessage, "message of %d bytes", len(msg))
	}
	s := cryptobyte.String(msg)
	var got uint8
	var content cryptobyte.String
	if !s.ReadUint8(&got) || !s.ReadUint16LengthPrefixed(&content) || !s.Empty() { // E2
		return nil, refuse(BadMessage, "not one whole message")
	}
	if messageType(got) != t { // E3
		return nil, refuse(BadMessage, "message of type %d where %d is due", got, t)
	}
	return content, nil
}

// marshal leaves room for the signature, which is the last field of M1, M2 and M3.
func (m *m1) marshal() ([]byte, error) {
	return message(typeM1, func(b *cryptobyte.Builder) {
		b.AddBytes(m.nonce[:])
		addBytes(b, m.ephemeral)
		addBytes(b, m.certificate)
		addAuthorities(b, m.authorities)
		b.AddUint64(m.time)
		b.AddBytes(make([]byte, ed25519.SignatureSize))
	})
}

func parseM1(msg []byte) (*m1, error) {
	s, err := body(msg, typeM1)
	if err != nil {
		return nil, err
	}
	m := new(m1)
	if !s.CopyBytes(m.nonce[:]) ||
		!readSized(&s, &m.ephemeral, certauth.SealingKeySize) ||
		!readBytes(&s, &m.certificate) ||
		!readAuthorities(&s, &m.authorities) ||
		!s.ReadUint64(&m.time) ||
		!s.Skip(ed25519.SignatureSize) ||
		!s.Empty() { // E4
		return nil, refuse(BadMessage, "M1 is not in its form")
	}
	return m, nil
}

func (m *m2) marshal() ([]byte, error) {
	return message(typeM2, func(b *cryptobyte.Builder) {
		b.AddBytes(m.nonce[:])
		addBytes(b, m.encEphemeral)
		addBytes(b, m.encInitiator)
		addBytes(b, m.certificate)
		addAuthorities(b, m.authorities)
		b.AddUint64(m.time)
		b.AddUint8(uint8(m.verdict))
		b.AddBytes(make([]byte, ed25519.SignatureSize))
	})
}

func parseM2(msg []byte) (*m2, error) {
	s, err := body(msg, typeM2)
	if err != nil {
		return nil, err
	}
	m := new(m2)
	if !s.CopyBytes(m.nonce[:]) ||
		!readSized(&s, &m.encEphemeral, encSize) ||
		!readSized(&s, &m.encInitiator, encSize) ||
		!readBytes(&s, &m.certificate) ||
		!readAuthorities(&s, &m.authorities) ||
		!s.ReadUint64(&m.time) ||
		!readVerdict(&s, &m.verdict) ||
		!s.Skip(ed25519.SignatureSize) ||
		!s.Empty() { // E5
		return nil, refuse(BadMessage, "M2 is not in its form")
	}
	return m, nil
}

func (m *m3) marshal() ([]byte, error) {
	return message(typeM3, func(b *cryptobyte.Builder) {
		addBytes(b, m.encResponder)
		b.AddUint8(uint8(m.verdict))
		b.AddBytes(make([]byte, ed25519.SignatureSize))
	})
}

func parseM3(msg []byte) (*m3, error) {
	s, err := body(msg, typeM3)
	if err != nil {
		return nil, err
	}
	m := new(m3)
	if !readSized(&s, &m.encResponder, encSize) ||
		!readVerdict(&s, &m.verdict) ||
		!s.Skip(ed25519.SignatureSize) ||
		!s.Empty() { // E6
		return nil, refuse(BadMessage, "M3 is not in its form")
	}
	return m, nil
}

func marshalFinished(mac [32]byte) []byte {
	return append([]byte{byte(typeFinished), 0, byte(len(mac))}, mac[:]...)
}

func parseFinished(msg []byte) (mac [32]byte, err error) {
	s, err := body(msg, typeFinished)
	if err != nil {
		return mac, err
	}
	if !s.CopyBytes(mac[:]) || !s.Empty() { // E7
		return mac, refuse(BadMessage, "FINISHED is not in its form")
	}
	return mac, nil
}
