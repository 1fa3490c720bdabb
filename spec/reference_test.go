package spec

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// This file is certexch.md once more, in Go and without the checks: messages, signatures, key schedule
// and sealed frames as the formulas there have them, for making vectors that the implementation would
// not make, and for finding the same values in those that it made.

const protocolID = "/certexch/1.0"

// peerID is the libp2p peer ID of an Ed25519 key.
func peerID(key ed25519.PublicKey) []byte {
	return append([]byte{0x00, 0x24, 0x08, 0x01, 0x12, 0x20}, key...)
}

// start is what every transcript begins with.
func start(initiator, responder ed25519.PublicKey) []byte {
	return slices.Concat([]byte(protocolID), peerID(initiator), peerID(responder))
}

// Messages, by their fields.
const (
	typeM1       = 1
	typeM2       = 2
	typeM3       = 3
	typeFinished = 4
	typeRefused  = 5
)

var refused = []byte{typeRefused, 0, 0}

// layout names the fields of each message. A size of 0 stands for two bytes of length before the
// field, and a negative size for as many bytes times the number in the byte before it.
var layout = map[byte][]struct {
	name string
	size int
}{
	typeM1:       {{"nonce", 32}, {"ephemeral", 0}, {"certificate", 0}, {"authorities", -80}, {"time", 8}, {"signature", 64}},
	typeM2:       {{"nonce", 32}, {"enc ephemeral", 0}, {"enc initiator", 0}, {"certificate", 0}, {"authorities", -80}, {"time", 8}, {"verdict", 1}, {"signature", 64}},
	typeM3:       {{"enc responder", 0}, {"verdict", 1}, {"signature", 64}},
	typeFinished: {{"mac", 32}},
}

// fields are those of one message, by name.
type fields map[string][]byte

func split(msg []byte) fields {
	f, rest := make(fields), msg[3:]
	for _, l := range layout[msg[0]] {
		size := l.size
		switch {
		case size == 0:
			size, rest = int(binary.BigEndian.Uint16(rest)), rest[2:]
		case size < 0:
			size, rest = -size*int(rest[0]), rest[1:]
		}
		f[l.name], rest = slices.Clone(rest[:size]), rest[size:]
	}
	return f
}

func (f fields) join(kind byte) []byte {
	var body []byte
	for _, l := range layout[kind] {
		switch {
		case l.size == 0:
			body = binary.BigEndian.AppendUint16(body, uint16(len(f[l.name])))
		case l.size < 0:
			body = append(body, byte(len(f[l.name])/-l.size))
		}
		body = append(body, f[l.name]...)
	}
	return message(kind, body)
}

func message(kind byte, body []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{kind}, uint16(len(body))), body...)
}

// Domain strings.
var signs = map[byte]string{
	typeM1: "certexch/1.0 initiator signs M1",
	typeM2: "certexch/1.0 responder signs M2",
	typeM3: "certexch/1.0 initiator signs M3",
}

const (
	toEphemeral = "certexch/1.0 to the ephemeral key"
	toInitiator = "certexch/1.0 to the initiator's certified key"
	toResponder = "certexch/1.0 to the responder's certified key"
)

// signed is what the signature at the end of msg covers, after transcript.
func signed(label string, transcript, msg []byte) []byte {
	hash := sha256.Sum256(append(slices.Clone(transcript), msg[:len(msg)-64]...))
	return slices.Concat([]byte(label), []byte{0}, hash[:])
}

// sign signs msg anew.
func sign(key ed25519.PrivateKey, label string, transcript, msg []byte) []byte {
	return append(slices.Clone(msg[:len(msg)-64]), ed25519.Sign(key, signed(label, transcript, msg))...)
}

// open is what the holder of private gets out of enc.
func open(private hpke.PrivateKey, enc []byte, info string) ([]byte, error) {
	r, err := hpke.NewRecipient(enc, private, hpke.HKDFSHA256(), hpke.ExportOnly(), []byte(info))
	if err != nil {
		return nil, err
	}
	return r.Export("certexch/1.0 export", 32)
}

// schedule is what an exchange leads to.
type schedule struct{ hash, finishedI, finishedR, session []byte }

func derive(transcript, ephemeral, initiator, responder []byte) schedule {
	hash := sha256.Sum256(transcript)
	master, err := hkdf.Extract(sha256.New, slices.Concat(ephemeral, initiator, responder), hash[:])
	check(nil, err)
	mac := func(label string) []byte {
		m := hmac.New(sha256.New, expand(master, label))
		m.Write(hash[:])
		return m.Sum(nil)
	}
	return schedule{
		hash:      hash[:],
		finishedI: mac("certexch/1.0 finished initiator"),
		finishedR: mac("certexch/1.0 finished responder"),
		session:   expand(master, "certexch/1.0 session"),
	}
}

func expand(secret []byte, info string) []byte {
	out, err := hkdf.Expand(sha256.New, secret, info, 32)
	check(nil, err)
	return out
}

// Roles, as they stand in the key schedule of streams.
const (
	initiatorRole = 1
	responderRole = 2
)

// streamSecret is that of what sender says on stream number of opener.
func streamSecret(session []byte, opener, sender byte, number uint64, salt []byte) []byte {
	info := append([]byte("certexch/1.0 stream"), opener, sender)
	info = append(binary.BigEndian.AppendUint64(info, number), salt...)
	return expand(session, string(info))
}

func aead(secret []byte) cipher.AEAD {
	block, err := aes.NewCipher(expand(secret, "certexch/1.0 key"))
	check(nil, err)
	a, err := cipher.NewGCM(block)
	check(nil, err)
	return a
}

// frame is one frame of a sealed stream.
type frame struct {
	kind, end byte
	payload   []byte
}

// sealFrame seals the n-th frame of a direction, counted from 0, under its first key.
func sealFrame(secret []byte, n uint64, f frame) []byte {
	header := binary.BigEndian.AppendUint16([]byte{f.kind, f.end}, uint16(len(f.payload)+16))
	return aead(secret).Seal(header, nonce(n), f.payload, header)
}

func nonce(n uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 4), n) }
