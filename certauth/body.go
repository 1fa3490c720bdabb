package certauth

import (
	"bytes"
	"crypto/ed25519"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// maxCertificate is the size in bytes that a certificate or a request may have.
const maxCertificate = 4096

// A body is what a certificate states, of a root or of a terminal.
type body struct {
	signed              signedObject // where it comes from, if it was parsed
	serial              *big.Int
	issuer, subject     []byte // DER; names are compared, never read
	notBefore, notAfter time.Time
	key                 ed25519.PublicKey
	extensions          extensions
}

var (
	version3  = []byte{0x02, 0x01, 0x02}
	emptyName = []byte{0x30, 0x00}

	versionTag    = asn1.Tag(0).ContextSpecific().Constructed()
	extensionsTag = asn1.Tag(3).ContextSpecific().Constructed()
)

// parseCertificate takes a certificate apart. Nothing in it is to be believed
// yet: it makes the checks that come before any signature is verified.
func parseCertificate(der []byte) (*body, error) {
	signed, err := parseSigned(der, maxCertificate)
	if err != nil {
		return nil, err
	}
	c := &body{signed: signed, serial: new(big.Int)}
	var version, algorithm, issuer, validity, subject, key, list, tbs cryptobyte.String
	var hasExtensions bool
	in := cryptobyte.String(signed.content)
	ok := in.ReadASN1(&tbs, asn1.SEQUENCE) &&
		tbs.ReadOptionalASN1(&version, nil, versionTag) &&
		tbs.ReadASN1Integer(c.serial) &&
		tbs.ReadASN1Element(&algorithm, asn1.SEQUENCE) &&
		tbs.ReadASN1Element(&issuer, asn1.SEQUENCE) &&
		tbs.ReadASN1(&validity, asn1.SEQUENCE) &&
		tbs.ReadASN1Element(&subject, asn1.SEQUENCE) &&
		tbs.ReadASN1Element(&key, asn1.SEQUENCE) &&
		tbs.ReadOptionalASN1(&list, &hasExtensions, extensionsTag) &&
		tbs.Empty() &&
		(!hasExtensions || readExtensions(&list, &c.extensions) && list.Empty())
	timely := readTime(&validity, &c.notBefore) && readTime(&validity, &c.notAfter) && validity.Empty()
	c.issuer, c.subject = issuer, subject
	c.key = bytes.TrimPrefix(key, publicKeyPrefix)
	rules := []rule{
		{"X1", ok, "not a certificate in DER"},
		{"X2", bytes.Equal(version, version3), "not an X.509 certificate of version 3"},
		{"X3", bytes.Equal(algorithm, ed25519Algorithm), "the signature algorithm inside is not Ed25519"},
		{"X4", bytes.HasPrefix(key, publicKeyPrefix), "the key is not an Ed25519 key"},
		{"X5", timely, "the validity is not two times in DER"},
	}
	return c, demand(Malformed, append(rules, signingKeyRules(c.key)...)...)
}

// rules are the checks of the profile that roots and terminals share.
func (c *body) rules() []rule {
	return []rule{
		{"X6", c.serial.Sign() > 0 && c.serial.BitLen() <= 128, "the serial number is not positive or has more than 128 bits"},
		{"X7", !c.notAfter.Before(c.notBefore), "the validity ends before it begins"},
		{"X8", c.extensions.contain(subjectKeyID(c.key)), "the subject key identifier is missing or not that of the key"},
	}
}

// serialNumber returns the serial number, which X6 has found to fit.
func (c *body) serialNumber() (serial [16]byte) {
	c.serial.FillBytes(serial[:])
	return serial
}

// sign returns the certificate that states c, signed with key.
func (c *body) sign(key ed25519.PrivateKey) ([]byte, error) {
	tbs, err := build(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(versionTag, func(b *cryptobyte.Builder) { b.AddBytes(version3) })
		b.AddASN1BigInt(c.serial)
		b.AddBytes(ed25519Algorithm)
		b.AddBytes(c.issuer)
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addTime(b, c.notBefore)
			addTime(b, c.notAfter)
		})
		b.AddBytes(c.subject)
		b.AddBytes(publicKeyInfo(c.key))
		b.AddASN1(extensionsTag, func(b *cryptobyte.Builder) { addExtensions(b, c.extensions...) })
	})
	if err != nil {
		return nil, err
	}
	return sign(tbs, key)
}
