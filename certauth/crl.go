package certauth

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// maxCRL is the size in bytes that a revocation list may have. It is enough for
// some 450,000 certificates.
const maxCRL = 16 << 20

// maxAhead is how far the time of a list may lie in the future. Numbers are
// times, so this keeps a list signed by mistake from outranking all later ones.
const maxAhead = 5 * time.Minute

// A CRL is an authority's revocation list that [Root.OpenCRL] has verified. It
// is immutable and may be used concurrently.
type CRL struct {
	der                    []byte
	hash                   [32]byte
	rootID                 [32]byte // fingerprint of the root that signed it
	number                 uint64
	thisUpdate, nextUpdate time.Time
	serials                table
	keys, identities       table // within der
}

// Number returns the list's number: the Unix time in seconds of ThisUpdate. Of
// two lists of one authority, the higher number is the later.
func (l *CRL) Number() uint64 { return l.number }

// ThisUpdate returns when the authority made the list.
func (l *CRL) ThisUpdate() time.Time { return l.thisUpdate }

// NextUpdate returns the last second at which the list counts as fresh.
func (l *CRL) NextUpdate() time.Time { return l.nextUpdate }

// Hash returns the SHA-256 of the list. Two lists of one authority with the
// same number and different hashes mean that something is wrong.
func (l *CRL) Hash() [32]byte { return l.hash }

// DER returns the list itself, which the caller must not modify.
func (l *CRL) DER() []byte { return l.der }

// ContainsSerial reports whether the list revokes the certificate with this
// serial number.
func (l *CRL) ContainsSerial(serial [16]byte) bool {
	_, ok := l.serials.find(serial[:])
	return ok
}

// ContainsKey reports whether the list revokes every certificate for the signing
// key with this [KeyHash].
func (l *CRL) ContainsKey(hash [32]byte) bool {
	_, ok := l.keys.find(hash[:])
	return ok
}

// ContainsIdentity reports whether the list revokes the certificates of id that
// are valid from notBefore on.
func (l *CRL) ContainsIdentity(id Identity, notBefore time.Time) bool {
	hash := identityHash(id)
	cutoff, ok := l.identities.find(hash[:])
	return ok && (notBefore.Unix() < 0 || uint64(notBefore.Unix()) <= binary.BigEndian.Uint64(cutoff))
}

// identityHash is what an identity is revoked by, so that a list does not name
// terminals to those who do not know them.
func identityHash(id Identity) [32]byte { return sha256.Sum256([]byte(id.URI())) }
