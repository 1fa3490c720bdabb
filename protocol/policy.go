package protocol

import (
	"crypto/ed25519"
	"crypto/hpke"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/certexch/certexch/certauth"
)

// Policy is what this side requires of a peer. The machine asks, the owner answers; an answer that is
// not there means refuse.
type Policy struct {
	// Now is the clock.
	Now func() time.Time
	// Roots returns the trusted authorities with their revocation lists, as of this moment.
	Roots func() *certauth.Roots
	// Registered reports whether the terminal is in this side's allowlist. It may be called by several
	// exchanges at once.
	Registered func(*certauth.Certificate) bool
	// Private answers registered peers only: to members it looks like any other refusal.
	Private bool
}

// Credentials is what this side shows and proves.
type Credentials struct {
	// Certificate is this terminal's certificate in DER.
	Certificate []byte
	// Signing is the certified Ed25519 key, which is also the key of the libp2p host.
	Signing ed25519.PrivateKey
	// Sealing is the certified X-Wing key.
	Sealing hpke.PrivateKey
}

// Config is everything one exchange needs. It must not be modified while a machine uses it.
type Config struct {
	Policy
	Credentials
	// Peer is the key that libp2p proved for this very connection.
	Peer ed25519.PublicKey
	// Expect is the identity that was asked for. Zero: whoever passes.
	Expect certauth.Identity
	// Rand is the source of nonces, ephemeral keys and salts.
	Rand io.Reader
	// Encapsulate makes the encapsulations; Encapsulate of this package, but for test vectors.
	Encapsulate func(public hpke.PublicKey, info string) (enc, secret []byte, err error)
}

// errIncomplete is the answer to a Config from which something is missing: without it there is no
// exchange at all.
var errIncomplete = errors.New("protocol: incomplete configuration")

func (c *Config) check() error {
	switch {
	case c.Now == nil, c.Roots == nil, c.Registered == nil, c.Rand == nil, c.Encapsulate == nil,
		len(c.Certificate) == 0, len(c.Signing) != ed25519.PrivateKeySize, c.Sealing == nil:
		return errIncomplete
	}
	if err := certauth.CheckSigningKey(c.Peer); err != nil { // P1
		return &RefusedError{Reason: KeyMismatch, Err: err}
	}
	return nil
}

// kem is X-Wing: ML-KEM-768 with X25519.
func kem() hpke.KEM { return hpke.MLKEM768X25519() }

// Encapsulate makes a fresh secret that only the holder of the private key to public can recompute:
// enc is sent, secret stays here. info separates the uses.
func Encapsulate(public hpke.PublicKey, info string) (enc, secret []byte, err error) {
	enc, sender, err := hpke.NewSender(public, hpke.HKDFSHA256(), hpke.ExportOnly(), []byte(info))
	if err != nil {
		return nil, nil, err
	}
	secret, err = sender.Export(labelExport, exportSize)
	return enc, secret, err
}

// decapsulate is the other half of Encapsulate. A tampered enc gives another secret, not an error:
// FINISHED is what shows it. Only one whose X25519 part is of low order is refused outright.
func decapsulate(private hpke.PrivateKey, enc []byte, info string) ([]byte, error) {
	recipient, err := hpke.NewRecipient(enc, private, hpke.HKDFSHA256(), hpke.ExportOnly(), []byte(info))
	if err != nil { // P9
		return nil, refuse(BadMessage, "encapsulation %s: %w", strings.TrimPrefix(info, ID[1:]+" "), err)
	}
	return recipient.Export(labelExport, exportSize)
}
