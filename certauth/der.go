package certauth

import (
	"bytes"
	"crypto/ed25519"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// ed25519Algorithm is the AlgorithmIdentifier of Ed25519 (RFC 8410). It has no
// parameters, so one encoding is all there is.
var ed25519Algorithm = []byte{0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70}

// A signedObject is what certificates, requests and revocation lists have in
// common: SEQUENCE { content, algorithm, signature }.
type signedObject struct {
	content   []byte // DER, as it was signed
	signature []byte
}

// parseSigned takes the outer layer off der, which may have limit bytes.
func parseSigned(der []byte, limit int) (signedObject, error) {
	if len(der) > limit { // S1
		return signedObject{}, refuse(Malformed, "S1", "%d bytes, and %d are allowed", len(der), limit)
	}
	var outer, content, algorithm cryptobyte.String
	var signature []byte
	in := cryptobyte.String(der)
	ok := in.ReadASN1(&outer, asn1.SEQUENCE) &&
		outer.ReadASN1Element(&content, asn1.SEQUENCE) &&
		outer.ReadASN1Element(&algorithm, asn1.SEQUENCE) &&
		outer.ReadASN1BitStringAsBytes(&signature) &&
		outer.Empty()
	return signedObject{content, signature}, demand(Malformed,
		rule{"S2", ok, "not a signed object in DER"},
		rule{"S3", in.Empty(), "data after the end"},
		rule{"S4", bytes.Equal(algorithm, ed25519Algorithm), "the signature algorithm is not Ed25519"},
		rule{"S5", len(signature) == ed25519.SignatureSize, "the signature is not 64 bytes long"},
	)
}

// by reports whether key made the signature.
func (s signedObject) by(key ed25519.PublicKey) bool {
	return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, s.content, s.signature)
}

// sign puts the outer layer around a content.
func sign(content []byte, key ed25519.PrivateKey) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(content)
		b.AddBytes(ed25519Algorithm)
		b.AddASN1BitString(ed25519.Sign(key, content))
	})
	return b.Bytes()
}

// build returns the DER of one element that add fills.
func build(tag asn1.Tag, add func(b *cryptobyte.Builder)) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(tag, add)
	return b.Bytes()
}

// mustBuild is build for what cannot fail: content of bounded size.
func mustBuild(tag asn1.Tag, add func(b *cryptobyte.Builder)) []byte {
	der, err := build(tag, add)
	if err != nil {
		panic(err)
	}
	return der
}

// readTime reads a time as RFC 5280 wants it: UTCTime until 2049,
// GeneralizedTime from then on, whole seconds, Z.
func readTime(in *cryptobyte.String, t *time.Time) bool {
	var text cryptobyte.String
	var tag asn1.Tag
	if !in.ReadAnyASN1(&text, &tag) {
		return false
	}
	date := string(text)
	if tag == asn1.UTCTime && len(text) == len("YYMMDDhhmmssZ") {
		date = century(text) + date
	} else if tag != asn1.GeneralizedTime {
		return false
	}
	var err error
	*t, err = time.Parse("20060102150405Z", date)
	return err == nil && len(date) == len("YYYYMMDDhhmmssZ") && (tag == asn1.UTCTime) == (t.Year() < 2050)
}

// century returns the first two digits of the year of a UTCTime, 1950 to 2049.
func century(utcTime []byte) string {
	if utcTime[0] < '5' {
		return "20"
	}
	return "19"
}

// addTime writes what readTime reads. A time outside the years 1950 to 9999
// makes the builder fail.
func addTime(b *cryptobyte.Builder, t time.Time) {
	if t = t.UTC(); t.Year() < 2050 {
		b.AddASN1UTCTime(t)
	} else {
		b.AddASN1GeneralizedTime(t)
	}
}
