package certauth

import (
	"bytes"
	"crypto/sha256"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// OpenCRL is the one door from bytes to a revocation list. It returns the list
// that der holds, if the authority has signed it and it has the profile of
// section 8 of spec/certificate.md; if not, an [*Error] of class [Malformed],
// [Untrusted] (not of this authority), [WrongProfile] or [NotYetValid]. A list
// past its NextUpdate opens: what it revokes stays revoked, and [Roots.Open]
// decides whether it is fresh enough. The list keeps der, which must not be
// modified afterwards.
func (r *Root) OpenCRL(der []byte, now time.Time) (*CRL, error) {
	signed, err := parseSigned(der, maxCRL)
	if err != nil {
		return nil, err
	}
	list, err := parseList(signed.content)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(list.issuer, authorityName(r.trustDomain)) { // L5
		return nil, refuse(Untrusted, "L5", "the issuer of the list is not the authority of %s", r.trustDomain)
	}
	if !signed.by(r.key) { // L6
		return nil, refuse(Untrusted, "L6", "the list is not signed by the authority of %s", r.trustDomain)
	}
	l := &CRL{
		der:        der,
		hash:       sha256.Sum256(der),
		rootID:     r.Fingerprint(),
		number:     uint64(list.thisUpdate.Unix()),
		thisUpdate: list.thisUpdate,
		nextUpdate: list.nextUpdate,
	}
	if err := l.read(list, r); err != nil {
		return nil, err
	}
	if l.thisUpdate.After(now.Add(maxAhead)) { // L18
		return nil, refuse(NotYetValid, "L18", "the list was made at %s, which is to come", stamp(l.thisUpdate))
	}
	return l, nil
}

// read fills in what the list revokes and checks its profile.
func (l *CRL) read(list *listBody, r *Root) error {
	serials, criticalEntry, ok := readEntries(list.entries)
	if !ok { // L7
		return refuse(Malformed, "L7", "the list has an entry that is not a serial number and a time")
	}
	keys, identities, ok := readRevocations(list.extensions)
	l.serials, l.keys, l.identities = serials, keys, identities
	_, delta := list.extensions.find(oidDeltaCRL)
	_, partial := list.extensions.find(oidIssuingPoint)
	return demand(WrongProfile,
		rule{"L8", list.nextUpdate.After(list.thisUpdate), "the list ends before it begins"},
		rule{"L9", list.extensions.distinct(), "an extension of the list comes twice"},
		rule{"L10", !list.extensions.anyCritical(), "an extension of the list is critical"},
		rule{"L11", !criticalEntry, "an extension of an entry is critical"},
		rule{"L12", list.extensions.contain(authorityKeyID(r.key)), "the authority key identifier is missing or not that of the root"},
		rule{"L13", list.extensions.contain(crlNumber(list.thisUpdate)), "the number of the list is missing or not its time"},
		rule{"L14", !delta && !partial, "the list is not complete"},
		rule{"L15", ok, "the extension with revoked keys and identities is missing or not in its form"},
		rule{"L16", keys.ascending(), "the revoked keys are not in ascending order"},
		rule{"L17", identities.ascending(), "the revoked identities are not in ascending order"},
	)
}

// A listBody is what a revocation list states.
type listBody struct {
	issuer                 []byte // DER
	thisUpdate, nextUpdate time.Time
	entries                cryptobyte.String
	extensions             extensions
}

// parseList takes a list apart, all but its entries, of which there may be many.
func parseList(content []byte) (*listBody, error) {
	l := new(listBody)
	var tbs, version, algorithm, issuer, list cryptobyte.String
	var hasEntries bool
	in := cryptobyte.String(content)
	ok := in.ReadASN1(&tbs, asn1.SEQUENCE) &&
		tbs.ReadOptionalASN1(&version, nil, asn1.INTEGER) &&
		tbs.ReadASN1Element(&algorithm, asn1.SEQUENCE) &&
		tbs.ReadASN1Element(&issuer, asn1.SEQUENCE) &&
		readTime(&tbs, &l.thisUpdate) &&
		readTime(&tbs, &l.nextUpdate) &&
		tbs.ReadOptionalASN1(&l.entries, &hasEntries, asn1.SEQUENCE) &&
		tbs.ReadASN1(&list, listExtensionsTag) &&
		tbs.Empty() &&
		readExtensions(&list, &l.extensions) && list.Empty() &&
		hasEntries == !l.entries.Empty() // an empty sequence is left out
	l.issuer = issuer
	return l, demand(Malformed,
		rule{"L1", ok, "not a revocation list in DER"},
		rule{"L2", bytes.Equal(version, []byte{1}), "not a revocation list of version 2"},
		rule{"L3", bytes.Equal(algorithm, ed25519Algorithm), "the signature algorithm inside is not Ed25519"},
		rule{"L4", l.thisUpdate.Unix() >= 0, "the list was made before 1970"},
	)
}

// readEntries returns the serial numbers of a list, and whether an entry has a
// critical extension. Other extensions, such as a reason, change nothing here.
func readEntries(in cryptobyte.String) (serials table, critical, ok bool) {
	serials = table{width: 16, key: 16, records: make([]byte, 0, 16*countElements(in))}
	for !in.Empty() {
		var entry cryptobyte.String
		var serial []byte
		var date time.Time
		var all extensions
		ok := in.ReadASN1(&entry, asn1.SEQUENCE) &&
			entry.ReadASN1Integer(&serial) && len(serial) <= 16 && serial[0] != 0 &&
			readTime(&entry, &date) &&
			(entry.Empty() || readExtensions(&entry, &all) && entry.Empty())
		if !ok {
			return serials, critical, false
		}
		critical = critical || all.anyCritical()
		var record [16]byte
		copy(record[16-len(serial):], serial)
		serials.records = append(serials.records, record[:]...)
	}
	serials.sort()
	return serials, critical, true
}

// countElements returns how many elements in has, so that a table can be made
// with no room to spare.
func countElements(in cryptobyte.String) (n int) {
	for in.SkipASN1(asn1.SEQUENCE) {
		n++
	}
	return n
}

// readRevocations reads the extension that revocationsExtension writes.
func readRevocations(all extensions) (keys, identities table, ok bool) {
	e, _ := all.find(oidRevocations)
	var body, k, i cryptobyte.String
	in := cryptobyte.String(e.value)
	ok = in.ReadASN1(&body, asn1.SEQUENCE) && in.Empty() &&
		body.ReadASN1(&k, asn1.OCTET_STRING) &&
		body.ReadASN1(&i, asn1.OCTET_STRING) && body.Empty() &&
		len(k)%keyWidth == 0 && len(i)%identityWidth == 0
	return table{k, keyWidth, keyWidth}, table{i, identityWidth, keyWidth}, ok
}
