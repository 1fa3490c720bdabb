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

// badExtension breaks one extension in one way, so that it is not the permitted one.
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

// broken is something that a certificate, a request or a list must not be.
type broken struct {
	name, expect, check, comment string
	edit                         func(content *element)
}

// commonBroken are the ways to break what a root and a terminal's certificate have in common.
func commonBroken(keyID int) []broken {
	return []broken{
		{"size", "malformed", "S1", "more than 4096 bytes", func(tbs *element) { extensions(tbs).insert(0, other(false, make([]byte, 4096))) }},
		{"field-missing", "malformed", "X1", "no subject", func(tbs *element) { tbs.remove(atSubject) }},
		{"unique-identifier", "malformed", "X1", "a field that version 3 permits and the profile does not", func(tbs *element) { tbs.insert(atExtensions, primitive(0x82, 0, 1)) }},
		{"critical-false", "malformed", "X1", "critical is FALSE in an extension, which DER leaves out", func(tbs *element) { extensions(tbs).at(keyID).insert(1, primitive(boolean, 0)) }},
		{"serial-not-minimal", "malformed", "X1", "a serial number with a zero byte too many", func(tbs *element) { tbs.at(atSerial).value = []byte{0, 1} }},
		{"version-1", "malformed", "X2", "no version, which means 1", func(tbs *element) { tbs.remove(atVersion) }},
		{"version-2", "malformed", "X2", "version 2", func(tbs *element) { tbs.at(atVersion, 0).value = []byte{1} }},
		{"algorithm-inside", "malformed", "X3", "Ed448 inside and Ed25519 outside", func(tbs *element) { tbs.parts[atAlgorithm] = algorithmEd448 }},
		{"key-algorithm", "malformed", "X4", "an X25519 key", func(tbs *element) { tbs.at(atKey).parts[0] = algorithmX25519 }},
		{"key-33-bytes", "malformed", "X4", "an Ed25519 key of 33 bytes", func(tbs *element) { signingKeyOf(tbs, make([]byte, 33)) }},
		{"time-without-seconds", "malformed", "X5", "UTCTime without seconds", func(tbs *element) { tbs.at(atValidity, 0).value = []byte("2611231155Z") }},
		{"time-with-offset", "malformed", "X5", "UTCTime with an offset", func(tbs *element) { tbs.at(atValidity, 0).value = []byte("261123115500+0000") }},
		{"time-generalized", "malformed", "X5", "GeneralizedTime before 2050", func(tbs *element) {
			tbs.at(atValidity).parts[0] = primitive(generalizedTime, []byte("20261123115500Z")...)
		}},
		{"key-not-canonical", "malformed", "K2", "an Ed25519 key whose y is not below p", func(tbs *element) { signingKeyOf(tbs, ed25519NotBelowP) }},
		{"key-low-order", "malformed", "K3", "an Ed25519 key of order 4, for which signatures prove nothing", func(tbs *element) { signingKeyOf(tbs, ed25519LowOrder) }},
		{"serial-zero", "wrong-profile", "X6", "serial number 0", func(tbs *element) { tbs.at(atSerial).value = []byte{0} }},
		{"serial-negative", "wrong-profile", "X6", "serial number -1", func(tbs *element) { tbs.at(atSerial).value = []byte{0xff} }},
		{"serial-129-bits", "wrong-profile", "X6", "a serial number of 129 bits", func(tbs *element) { tbs.at(atSerial).value = append([]byte{1}, make([]byte, 16)...) }},
		{"validity-reversed", "wrong-profile", "X7", "valid until before it is valid from", func(tbs *element) {
			tbs.at(atValidity, 1).value = []byte("240101000000Z")
		}},
		{"subject-key-id", "wrong-profile", "X8", "the subject key identifier of another key", func(tbs *element) {
			id := extensions(tbs).at(keyID).content().value
			id[len(id)-1] ^= 1
		}},
	}
}

// terminalBroken are the ways to break the profile of a terminal's certificate.
func terminalBroken() []broken {
	all := []broken{
		{"subject", "wrong-profile", "C3", "a subject with a name", func(tbs *element) {
			name := constructed(sequence, primitive(objectID, 0x55, 4, 3), primitive(utf8String, []byte("nas")...))
			tbs.at(atSubject).insert(0, constructed(set, name))
		}},
		{"extension-unknown", "wrong-profile", "C4", "an extension that nobody knows", func(tbs *element) { extensions(tbs).insert(7, other(false, nil)) }},
		{"extension-unknown-critical", "wrong-profile", "C4", "a critical extension that nobody knows", func(tbs *element) { extensions(tbs).insert(7, other(true, nil)) }},
		{"extension-missing", "wrong-profile", "C4", "no extended key usage", func(tbs *element) { extensions(tbs).remove(atPurpose) }},
		{"extension-twice", "wrong-profile", "C4", "two subject alternative names", func(tbs *element) {
			extensions(tbs).insert(7, extensions(tbs).at(atAltName))
		}},
		{"extension-replaced", "wrong-profile", "C7", "seven extensions, and not the seven", func(tbs *element) { extensions(tbs).parts[atPurpose] = other(false, nil) }},
		{"authority", "wrong-profile", "C5", "CA is true", replacing(atConstraints, constructed(sequence, primitive(boolean, 0xff)))},
		{"authority-false", "wrong-profile", "C5", "CA is FALSE, which DER leaves out", replacing(atConstraints, constructed(sequence, primitive(boolean, 0)))},
		{"constraints-not-critical", "wrong-profile", "C5", "the basic constraints are not critical", flipCritical(atConstraints)},
		{"key-usage-signs-certificates", "wrong-profile", "C6", "digitalSignature and keyCertSign", replacing(atKeyUsage, primitive(bitString, 2, 0x84))},
		{"key-usage-not-critical", "wrong-profile", "C6", "the key usage is not critical", flipCritical(atKeyUsage)},
		{"purpose-any", "wrong-profile", "C7", "anyExtendedKeyUsage", replacing(atPurpose, constructed(sequence, primitive(objectID, 0x55, 0x1d, 0x25, 0)))},
		{"purpose-two", "wrong-profile", "C7", "a terminal, and a TLS server", func(tbs *element) {
			usage := decode(extensions(tbs).at(atPurpose).content().value)
			usage.insert(1, primitive(objectID, 0x2b, 6, 1, 5, 5, 7, 3, 1))
			extensions(tbs).at(atPurpose).content().value = usage.encode()
		}},
		{"purpose-none", "wrong-profile", "C7", "an empty extended key usage", replacing(atPurpose, constructed(sequence))},
		{"authority-key-id", "wrong-profile", "C8", "the authority key identifier of another key", func(tbs *element) {
			id := extensions(tbs).at(atAuthorityKeyID).content().value
			id[len(id)-1] ^= 1
		}},
		{"authority-key-id-issuer", "wrong-profile", "C8", "an authority key identifier with more than the key", func(tbs *element) {
			id := decode(extensions(tbs).at(atAuthorityKeyID).content().value)
			id.insert(1, primitive(0x82, 1))
			extensions(tbs).at(atAuthorityKeyID).content().value = id.encode()
		}},
		{"name-none", "wrong-profile", "C9", "a subject alternative name without a name", altName()},
		{"name-two", "wrong-profile", "C9", "two identities", altName(uri("spiffe://acme.example/nas"), uri("spiffe://acme.example/desk"))},
		{"name-and-dns", "wrong-profile", "C9", "an identity and a DNS name", altName(uri("spiffe://acme.example/nas"), primitive(0x82, []byte("acme.example")...))},
		{"name-dns", "wrong-profile", "C9", "a DNS name", altName(primitive(0x82, []byte("nas.acme.example")...))},
		{"name-not-critical", "wrong-profile", "C9", "the subject alternative name is not critical", flipCritical(atAltName)},
		{"foreign-trust-domain", "wrong-profile", "C10", "an identity of another authority's trust domain", altName(uri("spiffe://other.example/nas"))},
		{"trust-domain-below", "wrong-profile", "C10", "a trust domain below the authority's own", altName(uri("spiffe://sub.acme.example/nas"))},
		{"trust-domain-above", "wrong-profile", "C10", "a trust domain that the authority's own ends in", altName(uri("spiffe://cme.example/nas"))},
		{"sealing-key-critical", "wrong-profile", "C11", "the extension with the sealing key is critical", flipCritical(atSealingKey)},
		{"sealing-key-form", "wrong-profile", "C11", "the sealing key without the OCTET STRING around it", func(tbs *element) {
			e := extensions(tbs).at(atSealingKey).content()
			e.value = decode(e.value).value
		}},
		{"sealing-key-trailing", "wrong-profile", "C11", "something after the sealing key", func(tbs *element) {
			e := extensions(tbs).at(atSealingKey).content()
			e.value = append(e.value, null, 0)
		}},
	}
	for name, bad := range map[string]string{
		"upper-case": "spiffe://acme.example/NAS", "comma": "spiffe://acme.example/nas,desk", "dots": "spiffe://acme.example/a/../nas",
		"percent": "spiffe://acme.example/n%61s", "no-path": "spiffe://acme.example", "slash-at-end": "spiffe://acme.example/nas/",
		"http": "https://acme.example/nas", "port": "spiffe://acme.example:443/nas", "nul": "spiffe://acme.example/nas\x00",
		"first-segment-with-dot": "spiffe://acme.example/nas.local", "nine-segments": "spiffe://acme.example" + strings.Repeat("/a", 9),
		"256-bytes": "spiffe://acme.example/" + strings.Repeat("a", 256-len("spiffe://acme.example/")),
	} {
		all = append(all, broken{"name-" + name, "wrong-profile", "C9", "an identity that is not in its one spelling", altName(uri(bad))})
	}
	return append(all, sealingBroken(extensions)...)
}

// sealingBroken are sealing keys that no terminal may have, in the list of extensions.
func sealingBroken(list func(content *element) *element) []broken {
	with := func(edit func([]byte) []byte) func(*element) {
		return func(content *element) { sealing(edit)(list(content)) }
	}
	return []broken{
		{"sealing-key-short", "wrong-profile", "K4", "a sealing key of 1215 bytes", with(shortKey)},
		{"sealing-key-out-of-range", "wrong-profile", "K5", "an ML-KEM key with a coefficient that is not below q", with(outOfRange)},
		{"sealing-key-not-canonical", "wrong-profile", "K6", "an X25519 key that is not below p", with(notCanonical)},
		{"sealing-key-low-order", "wrong-profile", "K7", "an X25519 key of low order", with(lowOrder)},
	}
}

// wrapped are the ways to break the outer layer, which certificates, requests and lists share.
func wrapped(genuine []byte) map[string]struct {
	check, comment string
	der            []byte
} {
	truncated := genuine[:len(genuine)-1]
	return map[string]struct {
		check, comment string
		der            []byte
	}{
		"truncated":         {"S2", "the last byte is missing", truncated},
		"indefinite-length": {"S2", "BER with an indefinite length", append(append([]byte{0x30, 0x80}, genuine[4:]...), 0, 0)},
		"length-not-short":  {"S2", "a length in more bytes than it takes", append([]byte{0x30, 0x83, 0}, genuine[2:]...)},
		"trailing":          {"S3", "a byte after the end", append(bytes.Clone(genuine), 0)},
		"algorithm": {"S4", "signed with Ed448, it says", outside(genuine, func(o *element) {
			o.parts[1] = algorithmEd448
		})},
		"algorithm-parameters": {"S4", "Ed25519 with parameters", outside(genuine, func(o *element) { o.at(1).insert(1, primitive(null)) })},
		"signature-short":      {"S5", "a signature of 63 bytes", outside(genuine, func(o *element) { o.at(2).value = o.at(2).value[:64] })},
	}
}

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

// rootOutOfDate are certificates that are in time while their root is not.
func rootOutOfDate(t testing.TB, acme *authority) (all []*vector) {
	for _, c := range []struct {
		name, expect, check, comment, from, to string
	}{
		{"root-not-yet-valid", "not-yet-valid", "C14", "the root is valid from the next second on", "261123120001Z", "270101000000Z"},
		{"root-expired", "expired", "C15", "the root was valid until the second before", "260101000000Z", "261123115959Z"},
	} {
		root := issuing(t, "acme", forge(acme.root.DER(), acme.key(), func(tbs *element) {
			tbs.at(atValidity).parts = []*element{primitive(utcTime, []byte(c.from)...), primitive(utcTime, []byte(c.to)...)}
		}))
		good := acme.certificate(t, "nas", "nas")
		v := newVector("certificates/"+c.name, c.expect, c.check, "certificate.md 7", c.comment)
		v.set("now", now.Format(time.RFC3339))
		v.add(kindCertificate, good)
		v.add(kindTrusted, root.root.DER())
		v.add(kindTrustedList, root.freshList(t, certauth.Revocations{}))
		all = append(all, v)
	}
	return all
}

// roots are certificates that an authority might have.
func roots(t testing.TB, acme *authority) (all []*vector) {
	good := acme.root.DER()
	add := func(name, expect, check, comment string, der []byte) *vector {
		v := newVector("certificates/authority-"+name, expect, check, "certificate.md 5", comment)
		v.add(kindRoot, der)
		all = append(all, v)
		return v
	}
	add("good", "success", "", "a root", good).set("trust-domain", "acme.example")
	for _, b := range append(commonBroken(atRootKeyID), []broken{
		{"extension-unknown", "wrong-profile", "R2", "an extension that nobody knows", func(tbs *element) { extensions(tbs).insert(4, other(false, nil)) }},
		{"not-authority", "wrong-profile", "R3", "CA is not true", replacing(atConstraints, constructed(sequence))},
		{"path-length", "wrong-profile", "R3", "no limit to the length of the path", replacing(atConstraints, constructed(sequence, primitive(boolean, 0xff)))},
		{"no-crl-sign", "wrong-profile", "R4", "keyCertSign without cRLSign", replacing(atKeyUsage, primitive(bitString, 2, 4))},
		{"names-two", "wrong-profile", "R5", "two trust domains", func(tbs *element) {
			names := decode(extensions(tbs).at(atNames).content().value)
			names.at(0).insert(1, names.at(0, 0))
			extensions(tbs).at(atNames).content().value = names.encode()
		}},
		{"names-not-critical", "wrong-profile", "R5", "the name constraints are not critical", flipCritical(atNames)},
		{"names-other", "wrong-profile", "R6", "the trust domain is not that of its name", func(tbs *element) {
			names := decode(extensions(tbs).at(atNames).content().value)
			names.at(0, 0, 0).value = []byte("other.example")
			extensions(tbs).at(atNames).content().value = names.encode()
		}},
		{"issuer", "wrong-profile", "R6", "the issuer is not named as an authority is", func(tbs *element) { tbs.parts[atIssuer] = constructed(sequence) }},
		{"subject", "wrong-profile", "R7", "the subject is not named as an authority is", func(tbs *element) { tbs.parts[atSubject] = constructed(sequence) }},
	}...) {
		der := forge(good, acme.key(), b.edit)
		add(b.name, b.expect, b.check, b.comment, der)
	}
	add("signature", "untrusted", "R1", "not signed with its own key", forge(good, signingKey("other"), func(*element) {}))
	return all
}

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
