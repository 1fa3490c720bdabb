package certauth

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"math/big"
	"slices"
	"testing"
)

// An alteration is something that a genuine authority must not sign, and the
// check that has to find it.
type alteration struct {
	name  string
	edit  func(tbs *node)
	class Failure
	check string
}

// extensionAlterations is what can be wrong with any extension that has one
// permitted encoding. number is the check that counts extensions.
func extensionAlterations(t testing.TB, name string, id oid, number, check string) []alteration {
	return []alteration{
		{name + " missing", drop.in(t, id), WrongProfile, number},
		{name + " twice", repeat.in(t, id), WrongProfile, number},
		{name + " replaced by another", replaceID.in(t, id), WrongProfile, check},
		{name + " with the other criticality", flipCritical.in(t, id), WrongProfile, check},
		{name + " empty", empty.in(t, id), WrongProfile, check},
		{name + " with trailing data", trail.in(t, id), WrongProfile, check},
		{name + " with FALSE spelt out", sayFalse.in(t, id), Malformed, "X1"},
	}
}

// certificateAlterations is what can be wrong with roots and terminals alike.
func certificateAlterations(number string) []alteration {
	set := func(at int, n *node) func(*node) { return func(tbs *node) { tbs.children[at] = n } }
	time := func(i int, tag byte, s string) func(*node) {
		return func(tbs *node) { tbs.children[atValidity].children[i] = leaf(tag, []byte(s)...) }
	}
	integer := func(n *big.Int) *node {
		return leaf(0x02, append([]byte{0}, n.Bytes()...)...)
	}
	two128 := new(big.Int).Lsh(big.NewInt(1), 128)
	return []alteration{
		{"version 1", func(tbs *node) { tbs.remove(atExtensions); tbs.remove(atVersion) }, Malformed, "X2"},
		{"version 1 with extensions", func(tbs *node) { tbs.remove(atVersion) }, Malformed, "X2"},
		{"version 2", func(tbs *node) { tbs.children[atVersion].children[0].value[0] = 1 }, Malformed, "X2"},
		{"version 4", func(tbs *node) { tbs.children[atVersion].children[0].value[0] = 3 }, Malformed, "X2"},
		{"no extensions", func(tbs *node) { tbs.remove(atExtensions) }, WrongProfile, "X8"},
		{"empty extensions", func(tbs *node) { tbs.children[atExtensions].children[0].children = nil }, WrongProfile, "X8"},
		{"two lists of extensions", func(tbs *node) { e := tbs.children[atExtensions]; e.add(e.children[0]) }, Malformed, "X1"},
		{"subject unique ID", func(tbs *node) { tbs.insert(atExtensions, leaf(0x82, 0, 1)) }, Malformed, "X1"},
		{"data after the extensions", func(tbs *node) { tbs.add(leaf(0x05)) }, Malformed, "X1"},
		{"data after an extension's value", func(tbs *node) { e := tbs.children[atExtensions].children[0].children[0]; e.add(leaf(0x05)) }, Malformed, "X1"},
		{"TRUE as 0x01", func(tbs *node) {
			e := tbs.children[atExtensions].children[0].children[0]
			e.children = []*node{e.children[0], leaf(0x01, 0x01), e.children[len(e.children)-1]}
		}, Malformed, "X1"},
		{"inner algorithm ECDSA", set(atAlgorithm, sequence(leaf(0x06, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))), Malformed, "X3"},
		{"inner algorithm with NULL", set(atAlgorithm, sequence(leaf(0x06, 0x2b, 0x65, 0x70), leaf(0x05))), Malformed, "X3"},
		{"inner algorithm Ed448", set(atAlgorithm, sequence(leaf(0x06, 0x2b, 0x65, 0x71))), Malformed, "X3"},
		{"NotBefore without seconds", time(0, 0x17, "2611230000Z"), Malformed, "X5"},
		{"NotBefore with a fraction", time(0, 0x18, "20261123000000.5Z"), Malformed, "X5"},
		{"NotBefore with an offset", time(0, 0x17, "261123000000+0100"), Malformed, "X5"},
		{"NotBefore as GeneralizedTime before 2050", time(0, 0x18, "20261122120000Z"), Malformed, "X5"},
		{"NotBefore on 30 February", time(0, 0x17, "260230120000Z"), Malformed, "X5"},
		{"NotBefore as text", time(0, 0x0c, "261122120000Z"), Malformed, "X5"},
		{"NotBefore empty", time(0, 0x17, ""), Malformed, "X5"},
		{"NotAfter in the 61st second", time(1, 0x17, "361122120060Z"), Malformed, "X5"},
		{"a third time", func(tbs *node) { v := tbs.children[atValidity]; v.add(v.children[1]) }, Malformed, "X5"},
		{"NotAfter before NotBefore", time(1, 0x17, "200101000000Z"), WrongProfile, "X7"},
		{"serial number 0", set(atSerial, leaf(0x02, 0)), WrongProfile, "X6"},
		{"serial number -1", set(atSerial, leaf(0x02, 0xff)), WrongProfile, "X6"},
		{"serial number of 129 bits", set(atSerial, leaf(0x02, two128.Bytes()...)), WrongProfile, "X6"},
		{"serial number of 21 octets", set(atSerial, leaf(0x02, bytes.Repeat([]byte{1}, 21)...)), WrongProfile, "X6"},
		{"serial number not minimal", set(atSerial, integer(big.NewInt(5))), Malformed, "X1"},
		{"serial number empty", set(atSerial, leaf(0x02)), Malformed, "X1"},
		{"unknown extension", func(tbs *node) { addExtension(tbs, false) }, WrongProfile, number},
		{"unknown critical extension", func(tbs *node) { addExtension(tbs, true) }, WrongProfile, number},
	}
}

func addExtension(tbs *node, critical bool) {
	e := sequence(leaf(0x06, 0x2a, 0x03, 0x04), leaf(0x04, 0x05, 0x00))
	if critical {
		e.insert(1, leaf(0x01, 0xff))
	}
	tbs.children[atExtensions].children[0].add(e)
}

// leafAlterations is what can be wrong with a terminal's certificate besides.
func leafAlterations(t testing.TB) []alteration {
	uri := func(s string) *node { return leaf(0x86, []byte(s)...) }
	names := func(names ...*node) func(*node) {
		return setValue(sequence(names...).encode()...).in(t, oidSubjectAltName)
	}
	eku := func(ids ...*node) func(*node) { return setValue(sequence(ids...).encode()...).in(t, oidExtKeyUsage) }
	good := uri("spiffe://acme.example/site-a/nas")
	terminal := leaf(0x06, []byte(oidTerminal)...)
	rows := []alteration{
		{"subject with a common name", func(tbs *node) { tbs.children[atSubject] = tbs.children[atIssuer] }, WrongProfile, "C3"},
		{"CA", setValue(0x30, 0x03, 0x01, 0x01, 0xff).in(t, oidBasicConstraints), WrongProfile, "C5"},
		{"CA with pathlen 0", setValue(authorityOnly.value...).in(t, oidBasicConstraints), WrongProfile, "C5"},
		{"CA FALSE spelt out", setValue(0x30, 0x03, 0x01, 0x01, 0x00).in(t, oidBasicConstraints), WrongProfile, "C5"},
		{"key usage keyCertSign", setValue(0x03, 0x02, 0x02, 0x04).in(t, oidKeyUsage), WrongProfile, "C6"},
		{"key usage digitalSignature and keyCertSign", setValue(0x03, 0x02, 0x02, 0x84).in(t, oidKeyUsage), WrongProfile, "C6"},
		{"key usage digitalSignature and keyAgreement", setValue(0x03, 0x02, 0x03, 0x88).in(t, oidKeyUsage), WrongProfile, "C6"},
		{"key usage without a bit", setValue(0x03, 0x01, 0x00).in(t, oidKeyUsage), WrongProfile, "C6"},
		{"key usage with trailing zero bits", setValue(0x03, 0x02, 0x00, 0x80).in(t, oidKeyUsage), WrongProfile, "C6"},
		{"purpose anyExtendedKeyUsage", eku(leaf(0x06, 0x55, 0x1d, 0x25, 0x00)), WrongProfile, "C7"},
		{"purpose terminal and any", eku(terminal, leaf(0x06, 0x55, 0x1d, 0x25, 0x00)), WrongProfile, "C7"},
		{"purpose serverAuth", eku(leaf(0x06, 0x2b, 6, 1, 5, 5, 7, 3, 1)), WrongProfile, "C7"},
		{"purpose terminal twice", eku(terminal, terminal), WrongProfile, "C7"},
		{"no purpose", eku(), WrongProfile, "C7"},
		{"subject key identifier of another key", flipBit.in(t, oidSubjectKeyID), WrongProfile, "X8"},
		{"authority key identifier of another key", flipBit.in(t, oidAuthorityKeyID), WrongProfile, "C8"},
		{"authority key identifier with a serial number", func(tbs *node) {
			edit := setValue(append([]byte{0x30, 0x19}, append(authorityKeyID(tbs.children[atKey].encode()).value[2:], 0x82, 0x01, 0x01)...)...)
			edit.in(t, oidAuthorityKeyID)(tbs)
		}, WrongProfile, "C8"},
		{"no name", names(), WrongProfile, "C9"},
		{"two identities", names(good, uri("spiffe://acme.example/other")), WrongProfile, "C9"},
		{"the same identity twice", names(good, good), WrongProfile, "C9"},
		{"identity and DNS name", names(good, leaf(0x82, []byte("acme.example")...)), WrongProfile, "C9"},
		{"DNS name and identity", names(leaf(0x82, []byte("acme.example")...), good), WrongProfile, "C9"},
		{"DNS name", names(leaf(0x82, []byte("acme.example")...)), WrongProfile, "C9"},
		{"mail address", names(leaf(0x81, []byte("nas@acme.example")...)), WrongProfile, "C9"},
		{"text form", names(uri("acme.example/site-a/nas")), WrongProfile, "C9"},
		{"identity as constructed element", names(&node{tag: 0xa6, children: []*node{leaf(0x16, good.value...)}}), WrongProfile, "C9"},
		{"identity of another trust domain", names(uri("spiffe://rival.example/nas")), WrongProfile, "C10"},
		{"identity of a domain below", names(uri("spiffe://sub.acme.example/nas")), WrongProfile, "C10"},
		{"identity of the domain above", names(uri("spiffe://a.acme.example.acme.example/nas")), WrongProfile, "C10"},
		{"name constraints", func(tbs *node) {
			c := constrainedTo(TrustDomain{"acme.example"})
			tbs.children[atExtensions].children[0].add(sequence(leaf(0x06, []byte(c.id)...), leaf(0x01, 0xff), leaf(0x04, c.value...)))
		}, WrongProfile, "C4"},
		{"sealing key without its inner string", func(tbs *node) {
			edit := func(_, e *node) { v := e.children[1]; v.value = v.value[4:] }
			editExtension(edit).in(t, oidSealingKey)(tbs)
		}, WrongProfile, "C11"},
		{"sealing key one byte short", sealingKeyEdit(t, func(k []byte) []byte { return k[:len(k)-1] }), WrongProfile, "K4"},
		{"sealing key one byte long", sealingKeyEdit(t, func(k []byte) []byte { return append(k, 0) }), WrongProfile, "K4"},
		{"sealing key only X25519", sealingKeyEdit(t, func(k []byte) []byte { return k[mlkemKeySize:] }), WrongProfile, "K4"},
		{"sealing key with an ML-KEM coefficient too large", sealingKeyEdit(t, func(k []byte) []byte { k[0], k[1] = 0xff, 0xff; return k }), WrongProfile, "K5"},
	}
	rows = append(rows, certificateAlterations("C4")...)
	for _, e := range []struct {
		name  string
		id    oid
		check string
	}{
		{"basic constraints", oidBasicConstraints, "C5"},
		{"key usage", oidKeyUsage, "C6"},
		{"extended key usage", oidExtKeyUsage, "C7"},
		{"authority key identifier", oidAuthorityKeyID, "C8"},
		{"subject alternative name", oidSubjectAltName, "C9"},
		{"sealing key", oidSealingKey, "C11"},
	} {
		rows = append(rows, extensionAlterations(t, e.name, e.id, "C4", e.check)...)
	}
	return append(rows, subjectKeyIDAlterations(t, "C4")...)
}

// subjectKeyIDAlterations differ: that check comes before the count.
func subjectKeyIDAlterations(t testing.TB, number string) []alteration {
	rows := extensionAlterations(t, "subject key identifier", oidSubjectKeyID, number, "X8")
	rows[0].check = "X8"
	return rows
}

// sealingKeyEdit changes the sealing key inside its extension.
func sealingKeyEdit(t testing.TB, edit func(key []byte) []byte) func(tbs *node) {
	return editExtension(func(_, e *node) {
		v := e.children[1]
		v.value = leaf(0x04, edit(parseNode(t, v.value).value)...).encode()
	}).in(t, oidSealingKey)
}

func TestA4ProfileMatrix(t *testing.T) {
	a := newAuthority(t, "acme.example")
	roots := a.roots(t, Revocations{})
	good := a.certify(t, identity(t, "acme.example/site-a/nas"))
	rows := leafAlterations(t)
	if len(rows) < 60 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := roots.Open(forge(t, good, a.key, row.edit), now)
			refused(t, err, row.class, row.check)
			if row.class == Malformed {
				_, key, _ := ed25519.GenerateKey(nil)
				_, err := roots.Open(forge(t, good, key, row.edit), now)
				refused(t, err, Malformed, row.check) // before the signature was looked at
			}
		})
	}
	_, err := roots.Open(forge(t, good, a.key, func(*node) {}), now)
	check(t, err) // the forge itself changes nothing
}

// Extensions may come in any order: other tools write them in theirs.
func TestA4ExtensionOrder(t *testing.T) {
	a := newAuthority(t, "acme.example")
	der := forge(t, a.certify(t, identity(t, "acme.example/nas")), a.key, func(tbs *node) {
		slices.Reverse(tbs.children[atExtensions].children[0].children)
	})
	_, err := a.roots(t, Revocations{}).Open(der, now)
	check(t, err)
}

func TestA4Envelope(t *testing.T) {
	a := newAuthority(t, "acme.example")
	roots := a.roots(t, Revocations{})
	good := a.certify(t, identity(t, "acme.example/nas"))
	object := func(edit func(n *node)) []byte {
		n := parseNode(t, good)
		edit(n)
		return n.encode()
	}
	signatureOf := func(b []byte) func(*node) { return func(n *node) { n.children[2].value = b } }
	signature := parseNode(t, good).children[2].value
	for _, c := range []struct {
		name  string
		der   []byte
		check string
	}{
		{"nothing", nil, "S2"},
		{"4097 bytes", make([]byte, 4097), "S1"},
		{"4096 bytes", make([]byte, 4096), "S2"},
		{"1 GiB claimed", []byte{0x30, 0x84, 0x40, 0, 0, 0}, "S2"},
		{"length beyond 2^32", []byte{0x30, 0x88, 1, 0, 0, 0, 0, 0, 0, 0}, "S2"},
		{"indefinite length", []byte{0x30, 0x80, 0, 0}, "S2"},
		{"cut short", good[:len(good)-1], "S2"},
		{"a set", append([]byte{0x31}, good[1:]...), "S2"},
		{"length not minimal", slices.Concat([]byte{0x30, 0x83, 0}, good[2:]), "S2"},
		{"fourth element", object(func(n *node) { n.add(leaf(0x05)) }), "S2"},
		{"no signature", object(func(n *node) { n.remove(2) }), "S2"},
		{"signature with unused bits", object(signatureOf(append([]byte{1}, signature[1:]...))), "S2"},
		{"trailing data", append(bytes.Clone(good), 0), "S3"},
		{"a second certificate", append(bytes.Clone(good), good...), "S3"},
		{"outer algorithm with NULL", object(func(n *node) { n.children[1].add(leaf(0x05)) }), "S4"},
		{"outer algorithm ECDSA", object(func(n *node) {
			n.children[1] = sequence(leaf(0x06, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))
		}), "S4"},
		{"signature of 63 bytes", object(signatureOf(signature[:64])), "S5"},
		{"signature of 65 bytes", object(signatureOf(append(bytes.Clone(signature), 0))), "S5"},
		{"empty signature", object(signatureOf([]byte{0})), "S5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := roots.Open(c.der, now)
			refused(t, err, Malformed, c.check)
			_, err = ParseRoot(c.der)
			refused(t, err, Malformed, c.check)
		})
	}
}

func TestA4RootProfile(t *testing.T) {
	a := newAuthority(t, "acme.example")
	good := a.root.DER()
	constraint := func(value ...byte) func(*node) { return setValue(value...).in(t, oidNameConstraints) }
	subtree := func(name string) *node { return sequence(leaf(0x86, []byte(name)...)) }
	permitted := func(trees ...*node) []byte { return sequence(&node{tag: 0xa0, children: trees}).encode() }
	acme := subtree("acme.example")
	other := parseNode(t, authorityName(TrustDomain{"rival.example"}))
	rows := []alteration{
		{"no authority", setValue(0x30, 0x00).in(t, oidBasicConstraints), WrongProfile, "R3"},
		{"without pathlen", setValue(0x30, 0x03, 0x01, 0x01, 0xff).in(t, oidBasicConstraints), WrongProfile, "R3"},
		{"pathlen 1", setValue(0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x01).in(t, oidBasicConstraints), WrongProfile, "R3"},
		{"key usage without cRLSign", setValue(0x03, 0x02, 0x02, 0x04).in(t, oidKeyUsage), WrongProfile, "R4"},
		{"key usage without keyCertSign", setValue(0x03, 0x02, 0x01, 0x02).in(t, oidKeyUsage), WrongProfile, "R4"},
		{"key usage with digitalSignature", setValue(0x03, 0x02, 0x01, 0x86).in(t, oidKeyUsage), WrongProfile, "R4"},
		{"two trust domains", constraint(permitted(acme, subtree("rival.example"))...), WrongProfile, "R5"},
		{"no trust domain", constraint(permitted()...), WrongProfile, "R5"},
		{"all domains below", constraint(permitted(subtree(".acme.example"))...), WrongProfile, "R5"},
		{"upper case", constraint(permitted(subtree("ACME.example"))...), WrongProfile, "R5"},
		{"excluded names", constraint(sequence(&node{tag: 0xa0, children: []*node{acme}}, &node{tag: 0xa1, children: []*node{acme}}).encode()...), WrongProfile, "R5"},
		{"constraint on DNS names", constraint(permitted(sequence(leaf(0x82, []byte("acme.example")...)))...), WrongProfile, "R5"},
		{"constraint with a minimum", constraint(permitted(sequence(acme.children[0], leaf(0x80, 0)))...), WrongProfile, "R5"},
		{"issuer of another name", func(tbs *node) { tbs.children[atIssuer] = other }, WrongProfile, "R6"},
		{"subject of another name", func(tbs *node) { tbs.children[atSubject] = other }, WrongProfile, "R7"},
		{"empty subject", func(tbs *node) { tbs.children[atSubject] = sequence() }, WrongProfile, "R7"},
		{"constrained to another trust domain", constraint(permitted(subtree("rival.example"))...), WrongProfile, "R6"},
		{"purpose", func(tbs *node) {
			tbs.children[atExtensions].children[0].add(sequence(leaf(0x06, []byte(oidExtKeyUsage)...), leaf(0x04, terminalPurpose.value...)))
		}, WrongProfile, "R2"},
	}
	rows = append(rows, certificateAlterations("R2")...)
	rows = append(rows, extensionAlterations(t, "basic constraints", oidBasicConstraints, "R2", "R3")...)
	rows = append(rows, extensionAlterations(t, "key usage", oidKeyUsage, "R2", "R4")...)
	rows = append(rows, extensionAlterations(t, "name constraints", oidNameConstraints, "R2", "R5")...)
	rows = append(rows, subjectKeyIDAlterations(t, "R2")...)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := ParseRoot(forge(t, good, a.key, row.edit))
			refused(t, err, row.class, row.check)
		})
	}
	_, err := ParseRoot(forge(t, good, newAuthority(t, "acme.example").key, func(*node) {}))
	refused(t, err, Untrusted, "R1")
	_, err = ParseRoot(a.certify(t, identity(t, "acme.example/nas")))
	refused(t, err, Untrusted, "R1")
}

func ExampleError() {
	_, err := ParseRoot([]byte("not a certificate"))
	fmt.Println(err)
	// Output: malformed: not a signed object in DER (S2)
}
