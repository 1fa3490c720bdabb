package spec

import (
	"bytes"
	"strings"
)

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
