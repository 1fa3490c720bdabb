package certauth

import (
	"bytes"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// An extension of a certificate, request or revocation list.
type extension struct {
	id       oid
	critical bool
	value    []byte // DER
}

type extensions []extension

// maxExtensions is how many extensions one list of them may have. It bounds
// what a stranger can make a verifier allocate.
const maxExtensions = 32

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
		if len(*all) == maxExtensions || !readExtension(&list, &e) {
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
