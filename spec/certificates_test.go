package spec

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
)

// Kinds of blocks. The first block of a vector is what is judged, the others are what is trusted.
const (
	kindCertificate = "CERTIFICATE"
	kindRoot        = "ROOT CERTIFICATE"
	kindRequest     = "CERTIFICATE REQUEST"
	kindList        = "X509 CRL"
	kindTrusted     = "TRUSTED ROOT"
	kindTrustedList = "TRUSTED X509 CRL"
)

// Positions in the signed part of a certificate.
const (
	atVersion = iota
	atSerial
	atAlgorithm
	atIssuer
	atValidity
	atSubject
	atKey
	atExtensions
)

// Positions in the extensions of a terminal's certificate, and of a root.
const (
	atConstraints = iota
	atKeyUsage
	atPurpose
	atSubjectKeyID
	atAuthorityKeyID
	atAltName
	atSealingKey

	atRootKeyID = 2
	atNames     = 3
)

var (
	algorithmX25519 = constructed(sequence, primitive(objectID, 0x2b, 0x65, 0x6e))
	algorithmEd448  = constructed(sequence, primitive(objectID, 0x2b, 0x65, 0x71))
)

func extensions(tbs *element) *element { return tbs.at(atExtensions, 0) }

// other is an extension that nobody knows.
func other(critical bool, content []byte) *element {
	e := constructed(sequence, primitive(objectID, 0x2a, 0x03, 0x04), primitive(octetString, content...))
	if critical {
		e.insert(1, primitive(boolean, 0xff))
	}
	return e
}

// replacing gives an extension another content.
func replacing(at int, content *element) func(tbs *element) {
	return func(tbs *element) { extensions(tbs).at(at).content().value = content.encode() }
}

func altName(names ...*element) func(tbs *element) {
	return replacing(atAltName, constructed(sequence, names...))
}

func uri(s string) *element { return primitive(0x86, []byte(s)...) }

// sealing edits the X-Wing key in a list of extensions.
func sealing(edit func(key []byte) []byte) func(list *element) {
	return func(list *element) {
		e := extension(list, 0x5e, 0x02)
		key := decode(e.content().value)
		key.value = edit(key.value)
		e.content().value = key.encode()
	}
}

// Keys that no terminal may have.
var (
	ed25519LowOrder  = make([]byte, 32)
	ed25519NotBelowP = append([]byte{0xf0}, append(bytes.Repeat([]byte{0xff}, 30), 0x7f)...)
)

func shortKey(k []byte) []byte     { return k[:len(k)-1] }
func outOfRange(k []byte) []byte   { return append([]byte{0xff, 0xff}, k[2:]...) }
func notCanonical(k []byte) []byte { return append(k[:len(k)-32:len(k)-32], ed25519NotBelowP...) }
func lowOrder(k []byte) []byte     { return append(k[:len(k)-32:len(k)-32], make([]byte, 32)...) }

// flipCritical makes a critical extension one that is not, and the other way round.
func flipCritical(at int) func(tbs *element) {
	return func(tbs *element) {
		e := extensions(tbs).at(at)
		if len(e.parts) == 3 {
			e.remove(1)
		} else {
			e.insert(1, primitive(boolean, 0xff))
		}
	}
}

func signingKeyOf(tbs *element, key []byte) { tbs.at(atKey, 1).value = append([]byte{0}, key...) }

func certificates(t testing.TB) (all []*vector) {
	acme := newAuthority(t, "acme", "acme.example")
	namesake := newAuthority(t, "namesake", "acme.example")
	foreign := newAuthority(t, "other", "other.example")
	good := acme.certificate(t, "nas", "nas")
	empty := acme.freshList(t, certauth.Revocations{})
	identity := must(certauth.ParseIdentity("acme.example/nas"))(t)

	add := func(name, expect, check, comment string, der []byte, lists ...[]byte) *vector {
		v := newVector("certificates/"+name, expect, check, "certificate.md 7", comment)
		v.set("now", now.Format(time.RFC3339))
		if expect == "success" {
			v.set("identity", "acme.example/nas")
		}
		v.add(kindCertificate, der)
		v.add(kindTrusted, acme.root.DER())
		for _, l := range lists {
			v.add(kindTrustedList, l)
		}
		all = append(all, v)
		return v
	}
	window := func(from, to time.Duration) []byte { return acme.certify(t, "nas", "nas", now.Add(from), now.Add(to)) }

	add("good", "success", "", "a certificate that is all it should be", good, empty)
	add("first-second", "success", "", "from now on", window(0, day), empty)
	add("last-second", "success", "", "until now", window(-day, 0), empty)
	add("2050", "success", "", "valid until 2050, from when on DER wants GeneralizedTime", forge(good, acme.key(), func(tbs *element) {
		tbs.at(atValidity).parts[1] = primitive(generalizedTime, []byte("20500101000000Z")...)
	}), empty)
	deep := add("longest-identity", "success", "", "an identity of 255 bytes and 8 segments", forge(good, acme.key(), altName(uri(longest))), empty)
	deep.fields[len(deep.fields)-1].value = strings.TrimPrefix(longest, "spiffe://")
	second := add("second-authority", "success", "", "two authorities are trusted", good, empty)
	second.add(kindTrusted, foreign.root.DER())
	second.add(kindTrustedList, foreign.freshList(t, certauth.Revocations{}))

	for name, w := range wrapped(good) {
		add(name, "malformed", w.check, w.comment, w.der, empty)
	}
	for _, b := range append(commonBroken(atSubjectKeyID), terminalBroken()...) {
		add(b.name, b.expect, b.check, b.comment, forge(good, acme.key(), b.edit), empty)
	}
	add("another-authority", "untrusted", "C1", "signed by an authority that is not trusted here", foreign.certificate(t, "nas", "nas"), empty)
	add("itself", "untrusted", "C1", "signed by itself", forge(good, signingKey("nas"), func(tbs *element) { tbs.parts[atIssuer] = tbs.at(atSubject) }), empty)
	add("namesake-authority", "untrusted", "C2", "signed by another authority of the same name", namesake.certificate(t, "nas", "nas"), empty)
	add("signature-altered", "untrusted", "C2", "one bit of the signature is wrong", outside(good, func(o *element) { o.at(2).value[64] ^= 1 }), empty)
	add("content-altered", "untrusted", "C2", "one bit of the serial number is wrong", outside(good, func(o *element) { o.at(0, atSerial).value[9] ^= 1 }), empty)
	add("authority-itself", "wrong-profile", "C3", "the authority's own certificate", acme.root.DER(), empty)

	add("not-yet-valid", "not-yet-valid", "C12", "from the next second on", window(time.Second, day), empty)
	add("expired", "expired", "C13", "until the second before", window(-day, -time.Second), empty)
	all = append(all, rootOutOfDate(t, acme)...)

	by := func(r certauth.Revocations) []byte { return acme.freshList(t, r) }
	cutoff := func(at time.Time) certauth.Revocations {
		return certauth.Revocations{Identities: []certauth.RevokedIdentity{certauth.RevokeIdentity(identity, at)}}
	}
	bySerial := certauth.Revocations{Serials: []certauth.RevokedSerial{{Serial: serial("acme for nas"), At: now.Add(-2 * time.Hour)}}}
	byKey := certauth.Revocations{Keys: [][32]byte{certauth.KeyHash(publicKey("nas"))}}
	add("revoked-serial", "revoked", "C16", "the list has its serial number", good, by(bySerial))
	add("revoked-key", "revoked", "C17", "the list has its key", good, by(byKey))
	add("revoked-identity", "revoked", "C18", "the list has its identity, up to the second from which it is valid", good, by(cutoff(now.Add(-5*time.Minute))))
	add("revoked-before", "success", "", "the list has its identity, up to the second before", good, by(cutoff(now.Add(-5*time.Minute-time.Second))))
	add("revoked-other", "success", "", "the list revokes others", good, by(certauth.Revocations{
		Serials:    []certauth.RevokedSerial{{Serial: serial("acme for desk"), At: now.Add(-2 * time.Hour)}},
		Keys:       [][32]byte{certauth.KeyHash(publicKey("desk"))},
		Identities: []certauth.RevokedIdentity{certauth.RevokeIdentity(must(certauth.ParseIdentity("acme.example/desk"))(t), now)},
	}))
	older := acme.list(t, bySerial, now.Add(-48*time.Hour), now.Add(-24*time.Hour))
	add("revoked-by-older-list", "revoked", "C16", "an older list revokes it, and the newest does not: revocation is permanent", good, empty, older)
	add("no-list", "stale-list", "C19", "the authority's list is missing", good)
	stale := acme.list(t, certauth.Revocations{}, now.Add(-2*day), now.Add(-time.Second))
	add("stale-list", "stale-list", "C20", "the list was valid until the second before", good, stale)
	add("stale-list-last-second", "success", "", "the list is valid until now", good, acme.list(t, certauth.Revocations{}, now.Add(-2*day), now))
	add("stale-list-allowed", "success", "", "the list is past its time, and that is allowed here", good, stale).set("stale", "allowed")
	add("stale-list-revokes", "revoked", "C16", "the list is past its time, and revokes it all the same", good, acme.list(t, bySerial, now.Add(-2*day), now.Add(-time.Second)))
	return append(all, roots(t, acme)...)
}

var longest = "spiffe://acme.example/a/b/c/d/e/f/g/" + strings.Repeat("h", 255-len("spiffe://acme.example/a/b/c/d/e/f/g/"))

// judgeCertificate runs a vector of certificates/.
func judgeCertificate(t *testing.T, v *vector) {
	if root := v.all(kindRoot); root != nil {
		r, err := certauth.ParseRoot(root[0])
		verdict(t, v, err)
		if err == nil && r.TrustDomain().String() != v.get("trust-domain") {
			t.Errorf("the trust domain is %s", r.TrustDomain())
		}
		return
	}
	c, err := trusted(t, v).Open(v.one(t, kindCertificate), v.now(t))
	verdict(t, v, err)
	if err == nil && c.Identity().String() != v.get("identity") {
		t.Errorf("the identity is %s", c.Identity())
	}
}

// trusted are the authorities that a vector trusts, with their lists.
func trusted(t *testing.T, v *vector) *certauth.Roots {
	var anchors []certauth.Anchor
	for _, der := range v.all(kindTrusted) {
		a := certauth.Anchor{Root: must(certauth.ParseRoot(der))(t), AllowStale: v.get("stale") == "allowed"}
		for _, list := range v.all(kindTrustedList) {
			if l, err := a.Root.OpenCRL(list, v.now(t)); err == nil {
				a.CRLs = append(a.CRLs, l)
			}
		}
		anchors = append(anchors, a)
	}
	return must(certauth.NewRoots(anchors...))(t)
}

// verdict compares how certauth judged with what the vector expects.
func verdict(t *testing.T, v *vector, err error) {
	t.Helper()
	class, number := "success", ""
	var refused *certauth.Error
	if errors.As(err, &refused) {
		class, number = string(refused.Failure), refused.Check
	} else {
		check(t, err)
	}
	if class != v.get("expect") || number != v.get("check") {
		t.Errorf("%s %s, want %s %s: %v", class, number, v.get("expect"), v.get("check"), err)
	}
}
