package certauth

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Revocations are what a list revokes. The order does not matter, and what
// comes twice counts once.
type Revocations struct {
	Serials    []RevokedSerial   // single certificates
	Keys       [][32]byte        // by [KeyHash]: every certificate for that signing key
	Identities []RevokedIdentity // terminals, whatever their keys
}

// A RevokedSerial is one certificate.
type RevokedSerial struct {
	Serial [16]byte  // as it stands in the certificate, big-endian
	At     time.Time // for other tools to show; the serial is revoked whatever it says
}

// A RevokedIdentity is all certificates of one terminal that are valid from
// Cutoff or earlier. One certified anew is valid from a later time.
type RevokedIdentity struct {
	Hash   [32]byte  // SHA-256 of the identity's URI
	Cutoff time.Time // in whole seconds
}

// RevokeIdentity returns the entry that revokes id up to the second of cutoff.
func RevokeIdentity(id Identity, cutoff time.Time) RevokedIdentity {
	return RevokedIdentity{identityHash(id), cutoff}
}

const (
	keyWidth      = sha256.Size             // bytes of a revoked key in a list
	identityWidth = sha256.Size + timeWidth // bytes of a revoked identity in a list
	timeWidth     = 8                       // bytes of a cutoff
)

var listExtensionsTag = asn1.Tag(0).ContextSpecific().Constructed()

// SignCRL signs the list of all that the authority has revoked and returns its
// DER. The number must be thisUpdate in Unix seconds; each list must have a
// higher one than the list before. The error is an [*Error] that names the
// check which the list would not have passed.
func (i *Issuer) SignCRL(r Revocations, number uint64, thisUpdate, nextUpdate time.Time) ([]byte, error) {
	if thisUpdate.Unix() < 0 || number != uint64(thisUpdate.Unix()) {
		return nil, fmt.Errorf("revocation list %d: the number is not the time %d", number, thisUpdate.Unix())
	}
	tbs, err := build(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddBytes(ed25519Algorithm)
		b.AddBytes(authorityName(i.root.trustDomain))
		addTime(b, thisUpdate)
		addTime(b, nextUpdate)
		addEntries(b, r.Serials)
		b.AddASN1(listExtensionsTag, func(b *cryptobyte.Builder) {
			addExtensions(b, authorityKeyID(i.root.key), crlNumber(thisUpdate), revocationsExtension(r))
		})
	})
	if err != nil {
		return nil, fmt.Errorf("revocation list %d: %w", number, err)
	}
	der, err := sign(tbs, i.key)
	if err != nil {
		return nil, fmt.Errorf("revocation list %d: %w", number, err)
	}
	if _, err := i.root.OpenCRL(der, thisUpdate); err != nil {
		return nil, fmt.Errorf("revocation list %d: %w", number, err)
	}
	return der, nil
}

// addEntries writes the revoked certificates. If there are none, RFC 5280
// wants no sequence of them either.
func addEntries(b *cryptobyte.Builder, serials []RevokedSerial) {
	if len(serials) == 0 {
		return
	}
	serials = slices.Clone(serials)
	slices.SortStableFunc(serials, func(x, y RevokedSerial) int { return bytes.Compare(x.Serial[:], y.Serial[:]) })
	serials = slices.CompactFunc(serials, func(x, y RevokedSerial) bool { return x.Serial == y.Serial })
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, s := range serials {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1BigInt(new(big.Int).SetBytes(s.Serial[:]))
				addTime(b, s.At)
			})
		}
	})
}

// crlNumber makes the time of a list its number.
func crlNumber(thisUpdate time.Time) extension {
	var b cryptobyte.Builder
	b.AddASN1Int64(thisUpdate.Unix())
	return extension{oidCRLNumber, false, b.BytesOrPanic()}
}

// revocationsExtension holds what a list of serial numbers cannot say: revoked
// keys and identities, each as one string of records in ascending order.
func revocationsExtension(r Revocations) extension {
	return extension{oidRevocations, false, mustBuild(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1OctetString(keyRecords(r.Keys))
		b.AddASN1OctetString(identityRecords(r.Identities))
	})}
}

func keyRecords(keys [][32]byte) []byte {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, func(x, y [32]byte) int { return bytes.Compare(x[:], y[:]) })
	var records []byte
	for _, k := range slices.Compact(keys) {
		records = append(records, k[:]...)
	}
	return records
}

// identityRecords takes the latest cutoff of each identity.
func identityRecords(identities []RevokedIdentity) []byte {
	latest := make(map[[32]byte]uint64)
	var hashes [][32]byte
	for _, id := range identities {
		hashes = append(hashes, id.Hash)
		latest[id.Hash] = max(latest[id.Hash], uint64(max(id.Cutoff.Unix(), 0)))
	}
	slices.SortFunc(hashes, func(x, y [32]byte) int { return bytes.Compare(x[:], y[:]) })
	var records []byte
	for _, h := range slices.Compact(hashes) {
		records = append(records, h[:]...)
		records = binary.BigEndian.AppendUint64(records, latest[h])
	}
	return records
}
