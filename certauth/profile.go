package certauth

import (
	"crypto/ed25519"
	"crypto/sha256"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Nearly every extension of the profile has one permitted encoding. It is
// computed here, for the issuer to write and for the verifier to compare with.

var (
	notAuthority    = extension{oidBasicConstraints, true, []byte{0x30, 0x00}}
	authorityOnly   = extension{oidBasicConstraints, true, []byte{0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00}} // cA, pathlen 0
	signsData       = extension{oidKeyUsage, true, []byte{0x03, 0x02, 0x07, 0x80}}                                 // digitalSignature
	signsTrust      = extension{oidKeyUsage, true, []byte{0x03, 0x02, 0x01, 0x06}}                                 // keyCertSign, cRLSign
	terminalPurpose = extension{oidExtKeyUsage, false, mustBuild(asn1.SEQUENCE, func(b *cryptobyte.Builder) { addOID(b, oidTerminal) })}
)

// subjectKeyID names the key that a certificate is for.
func subjectKeyID(key ed25519.PublicKey) extension {
	return extension{oidSubjectKeyID, false, append([]byte{0x04, 0x14}, keyID(key)...)}
}

// authorityKeyID names the key that a certificate or list is signed with.
func authorityKeyID(key ed25519.PublicKey) extension {
	return extension{oidAuthorityKeyID, false, append([]byte{0x30, 0x16, 0x80, 0x14}, keyID(key)...)}
}

// keyID is method 1 of RFC 7093: the first 160 bits of the SHA-256 of the key.
func keyID(key ed25519.PublicKey) []byte {
	h := sha256.Sum256(key)
	return h[:20]
}

var (
	uriTag       = asn1.Tag(6).ContextSpecific()               // a GeneralName that is a URI
	permittedTag = asn1.Tag(0).ContextSpecific().Constructed() // permittedSubtrees of NameConstraints
)

// subjectAltName holds the identity. It is critical where the subject's name
// is empty, as RFC 5280 demands: in certificates.
func subjectAltName(uri string, critical bool) extension {
	return extension{oidSubjectAltName, critical, mustBuild(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(uriTag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(uri)) })
	})}
}

// altURI reads the one URI that a subjectAltName of this profile holds, and ""
// where it is not of that form.
func (all extensions) altURI() string {
	e, _ := all.find(oidSubjectAltName)
	var names, uri cryptobyte.String
	in := cryptobyte.String(e.value)
	if !in.ReadASN1(&names, asn1.SEQUENCE) || !names.ReadASN1(&uri, uriTag) {
		return ""
	}
	return string(uri)
}

// constrainedTo tells tools that know nothing of this project to keep an
// authority to its trust domain.
func constrainedTo(td TrustDomain) extension {
	return extension{oidNameConstraints, true, mustBuild(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(permittedTag, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(uriTag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(td.name)) })
			})
		})
	})}
}

// constraint reads the one trust domain that constrainedTo writes, and "" where
// the extension is not of that form.
func (all extensions) constraint() string {
	e, _ := all.find(oidNameConstraints)
	var constraints, permitted, subtree, name cryptobyte.String
	in := cryptobyte.String(e.value)
	if !in.ReadASN1(&constraints, asn1.SEQUENCE) || !constraints.ReadASN1(&permitted, permittedTag) ||
		!permitted.ReadASN1(&subtree, asn1.SEQUENCE) || !subtree.ReadASN1(&name, uriTag) {
		return ""
	}
	return string(name)
}

// sealingKeyExtension holds the terminal's public key for encryption. It is not
// critical, or no other tool would take the certificate.
func sealingKeyExtension(key []byte) extension {
	return extension{oidSealingKey, false, mustBuild(asn1.OCTET_STRING, func(b *cryptobyte.Builder) { b.AddBytes(key) })}
}

// sealingKey reads what sealingKeyExtension writes, and nil where it is not of
// that form.
func (all extensions) sealingKey() []byte {
	e, _ := all.find(oidSealingKey)
	var key cryptobyte.String
	if in := cryptobyte.String(e.value); !in.ReadASN1(&key, asn1.OCTET_STRING) {
		return nil
	}
	return key
}
