package certauth

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"math/big"
	"slices"
	"testing"
	"time"
)

// badSigningKeys are 32 bytes each, by the rule that refuses them: the 14
// encodings of points of low order, and others that are not canonical.
func badSigningKeys() map[string]string {
	keys := make(map[string]string)
	for k := range lowOrderEd25519 {
		keys[k] = "K3"
	}
	for y := range byte(19) { // p, p+1, … p+18, which is 2^255-1
		for _, sign := range []byte{0x7f, 0xff} {
			k := bytes.Repeat([]byte{0xff}, 32)
			k[0], k[31] = 0xed+y, sign
			keys[string(k)] = "K2"
		}
	}
	return keys
}

// badSealingKeys are X25519 parts of 32 bytes, by the rule that refuses them.
func badSealingKeys() map[string]string {
	keys := make(map[string]string)
	for k := range lowOrderX25519 {
		high := []byte(k)
		high[31] |= 0x80
		keys[k], keys[string(high)] = "K7", "K6"
		if !belowPrime([]byte(k)) {
			keys[k] = "K6"
		}
	}
	return keys
}

// withX25519 replaces the last part of a sealing key.
func withX25519(sealing []byte, part string) []byte {
	return append(slices.Clone(sealing[:mlkemKeySize]), part...)
}

// For a key of order 1 this signature is good for every message.
func TestA1WhyLowOrderMatters(t *testing.T) {
	key := append([]byte{1}, make([]byte, 31)...)
	signature := append(slices.Clone(key), make([]byte, 32)...)
	if !ed25519.Verify(key, []byte("anything"), signature) || !ed25519.Verify(key, []byte("at all"), signature) {
		t.Error("crypto/ed25519 refuses keys of low order by itself now")
	}
	x25519, err := ecdh.X25519().NewPublicKey(make([]byte, 32))
	check(t, err) // and crypto/ecdh refuses them only when they are used
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	check(t, err)
	if _, err := private.ECDH(x25519); err == nil {
		t.Error("crypto/ecdh agrees on a secret with 0")
	}
}

func TestA1LowOrderTables(t *testing.T) {
	if len(lowOrderEd25519) != 14 || len(lowOrderX25519) != 7 {
		t.Fatalf("%d and %d entries", len(lowOrderEd25519), len(lowOrderX25519))
	}
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	check(t, err)
	for k := range lowOrderX25519 {
		pub, err := ecdh.X25519().NewPublicKey([]byte(k))
		check(t, err)
		if _, err := private.ECDH(pub); err == nil {
			t.Errorf("%x is not of low order", k)
		}
	}
}

func TestA1LowOrderKey(t *testing.T) {
	a := newAuthority(t, "acme.example")
	roots := a.roots(t, Revocations{})
	g := grant(t, identity(t, "acme.example/nas"))
	good, err := a.issuer.Certify(g)
	check(t, err)
	request := newRequestDER(t)
	for k, number := range badSigningKeys() {
		if !belowPrime(withoutTopBit([]byte(k))) {
			number = "K2" // comes first
		}
		refused(t, CheckSigningKey([]byte(k)), Malformed, number)
		info := append(slices.Clone(publicKeyPrefix), k...)
		_, err := roots.Open(forge(t, good, a.key, func(tbs *node) { tbs.children[atKey] = parseNode(t, info) }), now)
		refused(t, err, Malformed, number)
		_, err = ParseRoot(forge(t, a.root.DER(), a.key, func(tbs *node) { tbs.children[atKey] = parseNode(t, info) }))
		refused(t, err, Malformed, number)
		_, err = ParseRequest(forge(t, request, a.key, func(n *node) { n.children[2] = parseNode(t, info) }))
		refused(t, err, Malformed, number)
		bad := g
		bad.Request = &Request{SigningKey: []byte(k), SealingKey: g.Request.SealingKey}
		_, err = a.issuer.Certify(bad)
		refused(t, err, Malformed, number)
	}
	for x, number := range badSealingKeys() {
		k := withX25519(g.Request.SealingKey, x)
		refused(t, CheckSealingKey(k), Malformed, number)
		_, err := roots.Open(forge(t, good, a.key, sealingKeyEdit(t, func([]byte) []byte { return k })), now)
		refused(t, err, WrongProfile, number)
		_, key, _ := ed25519.GenerateKey(nil)
		_, err = CreateRequest(key, k, Identity{})
		refused(t, err, WrongProfile, number) // by ParseRequest
		bad := g
		bad.Request = &Request{SigningKey: g.Request.SigningKey, SealingKey: k}
		_, err = a.issuer.Certify(bad)
		refused(t, err, WrongProfile, number)
	}
}

func TestA2KeyLengths(t *testing.T) {
	pub, _, err := ed25519.GenerateKey(nil)
	check(t, err)
	check(t, CheckSigningKey(pub))
	for _, k := range [][]byte{nil, {}, {1}, pub[:31], append(slices.Clone(pub), 0), make([]byte, 64)} {
		refused(t, CheckSigningKey(k), Malformed, "K1")
	}
	sealing := newSealingKey(t)
	check(t, CheckSealingKey(sealing))
	for _, k := range [][]byte{nil, sealing[:32], sealing[:mlkemKeySize], sealing[:1215], append(slices.Clone(sealing), 0)} {
		refused(t, CheckSealingKey(k), Malformed, "K4")
	}
	big := slices.Clone(sealing)
	big[0], big[1] = 0xff, 0xff // a coefficient of 4095, and the modulus is 3329
	refused(t, CheckSealingKey(big), Malformed, "K5")
}

// foreignKeys are SubjectPublicKeyInfos that are not for Ed25519.
func foreignKeys(t *testing.T) map[string][]byte {
	marshal := func(key any) []byte {
		der, err := x509.MarshalPKIXPublicKey(key)
		check(t, err)
		return der
	}
	modulus := new(big.Int).Lsh(big.NewInt(1), 16384)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	check(t, err)
	plain := func(size int, id ...byte) []byte {
		return sequence(sequence(leaf(0x06, id...)), leaf(0x03, make([]byte, size+1)...)).encode()
	}
	return map[string][]byte{
		"Ed25519 of 31 bytes": plain(31, 0x2b, 0x65, 0x70),
		"Ed25519 of 33 bytes": plain(33, 0x2b, 0x65, 0x70),
		"Ed25519 of 0 bytes":  plain(0, 0x2b, 0x65, 0x70),
		"Ed25519 with NULL":   sequence(sequence(leaf(0x06, 0x2b, 0x65, 0x70), leaf(0x05)), leaf(0x03, make([]byte, 33)...)).encode(),
		"Ed448":               plain(57, 0x2b, 0x65, 0x71),
		"X25519":              marshal(x25519.PublicKey()),
		"ML-DSA-65":           plain(1952, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12),
		"RSA-2048":            marshal(&rsa.PublicKey{N: new(big.Int).SetBit(new(big.Int), 2047, 1), E: 65537}),
		"RSA-16384":           marshal(&rsa.PublicKey{N: modulus, E: 65537}),
		"P-256":               marshal(p256.Public()),
		"DSA":                 sequence(sequence(leaf(0x06, 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01), sequence(leaf(0x02, 23), leaf(0x02, 11), leaf(0x02, 4))), leaf(0x03, 0, 2, 1, 8)).encode(),
		"unknown algorithm":   plain(32, 0x2a, 0x03, 0x04),
	}
}

func TestA2KeyTypes(t *testing.T) {
	a := newAuthority(t, "acme.example")
	roots := a.roots(t, Revocations{})
	good := a.certify(t, identity(t, "acme.example/nas"))
	request := newRequestDER(t)
	for name, info := range foreignKeys(t) {
		t.Run(name, func(t *testing.T) {
			key := parseNode(t, info)
			// Another's signature: had it been looked at, the error were untrusted.
			_, other, _ := ed25519.GenerateKey(nil)
			der := forge(t, good, other, func(tbs *node) { tbs.children[atKey] = key })
			number := "X4"
			if len(der) > maxCertificate {
				number = "S1"
			}
			start := time.Now()
			for range 100 {
				_, err := roots.Open(der, now)
				refused(t, err, Malformed, number)
			}
			if each := time.Since(start) / 100; each > 5*time.Millisecond {
				t.Errorf("refused after %v", each)
			}
			_, err := ParseRoot(forge(t, a.root.DER(), a.key, func(tbs *node) { tbs.children[atKey] = key }))
			refused(t, err, Malformed, "X4")
			der = forge(t, request, other, func(n *node) { n.children[2] = key })
			if len(der) <= maxCertificate {
				_, err = ParseRequest(der)
				refused(t, err, Malformed, "Q3")
			}
		})
	}
}

func TestKeyHashIsOfTheSubjectPublicKeyInfo(t *testing.T) {
	pub, _, err := ed25519.GenerateKey(nil)
	check(t, err)
	der, err := x509.MarshalPKIXPublicKey(pub)
	check(t, err)
	if !bytes.Equal(publicKeyInfo(pub), der) || KeyHash(pub) != sha256.Sum256(der) {
		t.Error("crypto/x509 writes another SubjectPublicKeyInfo")
	}
}
