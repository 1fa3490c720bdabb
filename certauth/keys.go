package certauth

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"slices"
)

// SealingKeySize is the length in bytes of a terminal's public key for
// encryption: an X-Wing key, which is ML-KEM-768 (1184) and X25519 (32).
const SealingKeySize = mlkemKeySize + x25519KeySize

const (
	mlkemKeySize  = 1184
	x25519KeySize = 32
)

// CheckSigningKey returns nil if pub may be the key of a terminal or an
// authority: 32 bytes, a canonical encoding, not a point of low order. The
// error is an [*Error] of class [Malformed]; see section 2 of
// spec/certificate.md.
//
// Low order matters because for such keys there are signatures that verify for
// every message, so that a proof of possession proves nothing.
func CheckSigningKey(pub []byte) error {
	return demand(Malformed, signingKeyRules(pub)...)
}

func signingKeyRules(pub []byte) []rule {
	return []rule{
		{"K1", len(pub) == ed25519.PublicKeySize, "an Ed25519 key has 32 bytes"},
		{"K2", belowPrime(withoutTopBit(pub)), "the encoding of the Ed25519 key is not canonical"},
		{"K3", !listed(lowOrderEd25519, pub), "the Ed25519 key is a point of low order"},
	}
}

// CheckSealingKey returns nil if pub may be the key that data for a terminal is
// sealed to: 1216 bytes, its ML-KEM part in range, its X25519 part canonical and
// not of low order. The error is an [*Error] of class [Malformed]; see section 2
// of spec/certificate.md.
func CheckSealingKey(pub []byte) error {
	return demand(Malformed, sealingKeyRules(pub)...)
}

func sealingKeyRules(pub []byte) []rule {
	_, err := hpke.MLKEM768X25519().NewPublicKey(pub)
	x25519 := pub[min(len(pub), mlkemKeySize):]
	return []rule{
		{"K4", len(pub) == SealingKeySize, "an X-Wing key has 1216 bytes"},
		{"K5", err == nil, "the ML-KEM part of the X-Wing key is out of range"},
		{"K6", belowPrime(x25519), "the encoding of the X25519 part of the X-Wing key is not canonical"},
		{"K7", !listed(lowOrderX25519, withoutTopBit(x25519)), "the X25519 part of the X-Wing key is a point of low order"},
	}
}

// KeyHash returns what an Ed25519 key is pinned and revoked by: the SHA-256 of
// its SubjectPublicKeyInfo in DER.
func KeyHash(pub ed25519.PublicKey) [32]byte {
	return sha256.Sum256(publicKeyInfo(pub))
}

// publicKeyPrefix is what a SubjectPublicKeyInfo has before an Ed25519 key.
var publicKeyPrefix = []byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}

func publicKeyInfo(pub ed25519.PublicKey) []byte {
	return slices.Concat(publicKeyPrefix, pub)
}

// prime is 2^255-19, little-endian as the keys are.
var prime = slices.Concat([]byte{0xed}, bytes.Repeat([]byte{0xff}, 30), []byte{0x7f})

// belowPrime reports whether a little-endian number of 32 bytes is less than
// 2^255-19, so that it is the one encoding of its value.
func belowPrime(n []byte) bool {
	for i := len(prime) - 1; i >= 0 && len(n) == len(prime); i-- {
		if n[i] != prime[i] {
			return n[i] < prime[i]
		}
	}
	return false
}

// withoutTopBit clears the bit that is a sign in Ed25519 and ignored in X25519.
func withoutTopBit(n []byte) []byte {
	n = bytes.Clone(n)
	if len(n) > 0 {
		n[len(n)-1] &= 0x7f
	}
	return n
}
