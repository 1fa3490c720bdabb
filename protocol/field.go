package protocol

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"

	"github.com/certexch/certexch/certauth"
)

// The fields that messages consist of, each with the one form in which it is accepted.

func addBytes(b *cryptobyte.Builder, v []byte) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(v) })
}

func readBytes(s *cryptobyte.String, out *[]byte) bool {
	var v cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&v) {
		return false
	}
	*out = v
	return true
}

func readSized(s *cryptobyte.String, out *[]byte, size int) bool {
	if !readBytes(s, out) || len(*out) != size { // E9
		return false
	}
	return true
}

func readVerdict(s *cryptobyte.String, out *Verdict) bool {
	if !s.ReadUint8((*uint8)(out)) || *out != Member && *out != Registered { // E10
		return false
	}
	return true
}

func addAuthorities(b *cryptobyte.Builder, list []certauth.AuthorityState) {
	b.AddUint8(uint8(len(list)))
	for _, a := range list {
		b.AddBytes(a.KeyID[:])
		b.AddUint64(a.CRLNumber)
		b.AddBytes(a.CRLHash[:])
		b.AddUint64(trustBundle)
	}
}

// trustBundle is the number of the trust bundle: none has been defined, so it is 0.
const trustBundle = 0

// readAuthorities reads 1 to MaxAuthorities authorities in strictly ascending order of key ID, so
// that there is one encoding of one set.
func readAuthorities(s *cryptobyte.String, out *[]certauth.AuthorityState) bool {
	var count uint8
	if !s.ReadUint8(&count) || count < 1 || count > MaxAuthorities { // E11
		return false
	}
	list := make([]certauth.AuthorityState, count)
	for i := range list {
		a := &list[i]
		var bundle uint64
		if !s.CopyBytes(a.KeyID[:]) || !s.ReadUint64(&a.CRLNumber) || !s.CopyBytes(a.CRLHash[:]) || !s.ReadUint64(&bundle) {
			return false
		}
		if i > 0 && bytes.Compare(list[i-1].KeyID[:], a.KeyID[:]) >= 0 { // E12
			return false
		}
		if bundle != trustBundle { // E13
			return false
		}
	}
	*out = list
	return true
}
