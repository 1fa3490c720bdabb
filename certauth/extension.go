package certauth

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// An extension of a certificate, request or revocation list. Nearly every
// extension of the profile has one permitted encoding. The functions below
// compute it, for the issuer to write and for the verifier to compare with.
type extension struct {
	id       oid
	critical bool
	value    []byte // DER
}

type extensions []extension

// find returns the first extension with that identifier.
func (all extensions) find(id oid) (extension, bool) {
	for _, e := range all {
		if e.id == id {
			return e, true
		}
	}
	return extension{}, false
}

// contain reports whether want is there, equal in every bit.
func (all extensions) contain(want extension) bool {
	e, ok := all.find(want.id)
	return ok && e.critical == want.critical && bytes.Equal(e.value, want.value)
}

// distinct reports whether no identifier comes twice.
func (all extensions) distinct() bool {
	for i, e := range all {
		if _, twice := all[:i].find(e.id); twice {
			return false
		}
	}
	return true
}

// anyCritical reports whether one of them is critical.
func (all extensions) anyCritical() bool {
	return slices.ContainsFunc(all, func(e extension) bool { return e.critical })
}

// readExtensions reads SEQUENCE OF Extension.
func readExtensions(in *cryptobyte.String, all *extensions) bool {
	var list cryptobyte.String
	if !in.ReadASN1(&list, asn1.SEQUENCE) {
		return false
	}
	for !list.Empty() {
		var e extension
		if !readExtension(&list, &e) {
			return false
		}
		*all = append(*all, e)
	}
	return true
}

func readExtension(in *cryptobyte.String, e *extension) bool {
	var body, id, value cryptobyte.String
	if !in.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1(&id, asn1.OBJECT_IDENTIFIER) {
		return false
	}
	if body.PeekASN1Tag(asn1.BOOLEAN) {
		// DER leaves out FALSE, which is the default.
		if !body.ReadASN1Boolean(&e.critical) || !e.critical {
			return false
		}
	}
	if !body.ReadASN1(&value, asn1.OCTET_STRING) || !body.Empty() {
		return false
	}
	e.id, e.value = oid(id), value
	return true
}

// addExtensions writes what readExtensions reads.
func addExtensions(b *cryptobyte.Builder, all ...extension) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, e := range all {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addOID(b, e.id)
				if e.critical {
					b.AddASN1Boolean(true)
				}
				b.AddASN1OctetString(e.value)
			})
		}
	})
}

func addOID(b *cryptobyte.Builder, id oid) {
	b.AddASN1(asn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes([]byte(id)) })
}

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
