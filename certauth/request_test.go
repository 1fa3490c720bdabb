package certauth

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/url"
	"testing"
)

func newRequestDER(t testing.TB) []byte {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	check(t, err)
	der, err := CreateRequest(key, newSealingKey(t), identity(t, "acme.example/wish"))
	check(t, err)
	return der
}

func TestRequestRoundTrip(t *testing.T) {
	pub, key, err := ed25519.GenerateKey(nil)
	check(t, err)
	sealing := newSealingKey(t)
	for _, wish := range []Identity{{}, identity(t, "acme.example/site-a/nas")} {
		der, err := CreateRequest(key, sealing, wish)
		check(t, err)
		r, err := ParseRequest(der)
		check(t, err)
		if !r.SigningKey.Equal(pub) || !bytes.Equal(r.SealingKey, sealing) || r.Identity != wish {
			t.Errorf("asked for %q, got %+v", wish, r)
		}
		std, err := x509.ParseCertificateRequest(der)
		check(t, err)
		check(t, std.CheckSignature())
		if !wish.IsZero() && (len(std.URIs) != 1 || std.URIs[0].String() != wish.URI()) {
			t.Errorf("crypto/x509 reads the names %v", std.URIs)
		}
	}
}

func TestRequestNeedsWholeKey(t *testing.T) {
	_, key, _ := ed25519.GenerateKey(nil)
	_, other, _ := ed25519.GenerateKey(nil)
	for name, k := range map[string]ed25519.PrivateKey{
		"nil":                       nil,
		"seed only":                 key[:32],
		"public half of another":    append(key[:32:32], other[32:]...),
		"public half of zero bytes": append(key[:32:32], make([]byte, 32)...),
	} {
		if _, err := CreateRequest(k, newSealingKey(t), Identity{}); err == nil {
			t.Errorf("%s: a request was made", name)
		}
	}
}

func TestRequestProfile(t *testing.T) {
	good := newRequestDER(t)
	const atInfoVersion, atInfoSubject, atInfoKey, atAttributes = 0, 1, 2, 3
	name := parseNode(t, authorityName(TrustDomain{"acme.example"}))
	list := func(n *node) *node { return n.children[atAttributes].children[0].children[1].children[0] }
	in := func(id oid, edit editExtension) func(*node) { return func(n *node) { edit.of(t, list(n), id) } }
	for _, row := range []alteration{
		{"data after the attributes", func(n *node) { n.add(leaf(0x05)) }, Malformed, "Q1"},
		{"no attributes", func(n *node) { n.remove(atAttributes) }, Malformed, "Q1"},
		{"version 2", func(n *node) { n.children[atInfoVersion].value[0] = 1 }, Malformed, "Q2"},
		{"subject", func(n *node) { n.children[atInfoSubject] = name }, WrongProfile, "Q5"},
		{"empty attributes", func(n *node) { n.children[atAttributes].children = nil }, WrongProfile, "Q6"},
		{"challenge password", func(n *node) {
			n.children[atAttributes].add(sequence(leaf(0x06, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x07), &node{tag: 0x31, children: []*node{leaf(0x0c, 'x')}}))
		}, WrongProfile, "Q6"},
		{"two lists of extensions", func(n *node) { v := n.children[atAttributes].children[0].children[1]; v.add(v.children[0]) }, WrongProfile, "Q6"},
		{"extensions in another attribute", func(n *node) { n.children[atAttributes].children[0].children[0] = leaf(0x06, 0x2a, 0x03) }, WrongProfile, "Q6"},
		{"no sealing key", in(oidSealingKey, replaceID), WrongProfile, "Q7"},
		{"critical sealing key", in(oidSealingKey, flipCritical), WrongProfile, "Q7"},
		{"sealing key with trailing data", in(oidSealingKey, trail), WrongProfile, "Q7"},
		{"critical identity", in(oidSubjectAltName, flipCritical), WrongProfile, "Q8"},
		{"identity and DNS name", in(oidSubjectAltName, setValue(sequence(leaf(0x86, []byte("spiffe://acme.example/nas")...), leaf(0x82, 'x')).encode()...)), WrongProfile, "Q8"},
		{"identity not canonical", in(oidSubjectAltName, setValue(sequence(leaf(0x86, []byte("spiffe://acme.example/Nas")...)).encode()...)), WrongProfile, "Q8"},
		{"identity twice", in(oidSubjectAltName, repeat), WrongProfile, "Q9"},
		{"another extension", in(oidSubjectAltName, replaceID), WrongProfile, "Q9"},
	} {
		t.Run(row.name, func(t *testing.T) {
			// Signed with a key that the request then names as its own.
			pub, key, _ := ed25519.GenerateKey(nil)
			_, err := ParseRequest(forge(t, good, key, func(n *node) {
				n.children[atInfoKey] = parseNode(t, publicKeyInfo(pub))
				row.edit(n)
			}))
			refused(t, err, row.class, row.check)
		})
	}
	_, key, _ := ed25519.GenerateKey(nil)
	_, err := ParseRequest(forge(t, good, key, func(*node) {}))
	refused(t, err, Untrusted, "Q4")
	_, err = ParseRequest(make([]byte, 4097))
	refused(t, err, Malformed, "S1")
}

// A request that asks for rights is refused; one that asks for another name
// gets the name that the authority has decided on. Whatever a Request says, the
// certificate holds what crypto/x509 reads here and nothing else.
func TestA5RequestCannotChooseIdentity(t *testing.T) {
	a := newAuthority(t, "acme.example")
	pub, key, _ := ed25519.GenerateKey(nil)
	sealing := newSealingKey(t)
	wish := identity(t, "acme.example/admin")
	uri, err := url.Parse(wish.URI())
	check(t, err)
	sealingExtension := pkix.Extension{Id: append(arc, 2), Value: sealingKeyExtension(sealing).value}
	for name, extra := range map[string]pkix.Extension{
		"CA":           {Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Value: authorityOnly.value},
		"key usage":    {Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Value: signsTrust.value},
		"any purpose":  {Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Value: []byte{0x30, 0x06, 0x06, 0x04, 0x55, 0x1d, 0x25, 0x00}},
		"ten years":    {Id: asn1.ObjectIdentifier{2, 5, 29, 16}, Value: []byte("0\x22\x80\x0f20260101000000Z\x81\x0f20360101000000Z")},
		"unknown wish": {Id: asn1.ObjectIdentifier{1, 2, 3}, Value: []byte{5, 0}},
	} {
		template := &x509.CertificateRequest{URIs: []*url.URL{uri}, ExtraExtensions: []pkix.Extension{sealingExtension, extra}}
		der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
		check(t, err)
		_, err = ParseRequest(der)
		t.Log(name)
		refused(t, err, WrongProfile, "Q9")
	}

	template := &x509.CertificateRequest{URIs: []*url.URL{uri}, ExtraExtensions: []pkix.Extension{sealingExtension}}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	check(t, err)
	r, err := ParseRequest(der)
	check(t, err)
	if r.Identity != wish {
		t.Errorf("it asks for %q", r.Identity)
	}
	g := grant(t, identity(t, "acme.example/site-a/nas"))
	g.Request = r
	der, err = a.issuer.Certify(g)
	check(t, err)
	cert, err := x509.ParseCertificate(der)
	check(t, err)
	if len(cert.URIs) != 1 || cert.URIs[0].String() != "spiffe://acme.example/site-a/nas" || cert.Subject.String() != "" ||
		cert.DNSNames != nil || cert.EmailAddresses != nil || cert.IPAddresses != nil {
		t.Errorf("the certificate names %v, %v", cert.URIs, cert.Subject)
	}
	if cert.IsCA || cert.KeyUsage != x509.KeyUsageDigitalSignature || cert.ExtKeyUsage != nil ||
		len(cert.UnknownExtKeyUsage) != 1 || !cert.UnknownExtKeyUsage[0].Equal(append(arc, 1)) || len(cert.Extensions) != 7 {
		t.Error("the certificate gives other rights than those of a terminal")
	}
	if !cert.NotBefore.Equal(g.NotBefore) || !cert.NotAfter.Equal(g.NotAfter) || !bytes.Equal(cert.SerialNumber.FillBytes(make([]byte, 16)), g.Serial[:]) {
		t.Error("the certificate has another validity or serial number than was granted")
	}
	if !pub.Equal(cert.PublicKey) {
		t.Error("the certificate has another key than was asked for")
	}
}

// The attacker is an applicant.
func FuzzParseRequest(f *testing.F) {
	f.Add(newRequestDER(f))
	_, key, _ := ed25519.GenerateKey(nil)
	der, err := CreateRequest(key, newSealingKey(f), Identity{})
	check(f, err)
	f.Add(der)
	f.Fuzz(func(t *testing.T, der []byte) {
		r, err := ParseRequest(der)
		if err != nil {
			return
		}
		check(t, CheckSigningKey(r.SigningKey))
		check(t, CheckSealingKey(r.SealingKey))
		std, err := x509.ParseCertificateRequest(der)
		check(t, err)
		check(t, std.CheckSignature())
	})
}
