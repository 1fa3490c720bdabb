package certauth

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// A Request is what a terminal asks an authority to certify. The authority
// takes the two keys from it; who the terminal is, is not the terminal's to say.
type Request struct {
	SigningKey ed25519.PublicKey // which signed the request
	SealingKey []byte            // [SealingKeySize] bytes
	Identity   Identity          // the name wished for, or zero; never binding
}

var attributesTag = asn1.Tag(0).ContextSpecific().Constructed()

// CreateRequest makes a PKCS #10 request for the keys and returns its DER. It is
// signed with the signing key, which proves possession and covers the sealing
// key. The wish may be zero.
func CreateRequest(signing ed25519.PrivateKey, sealing []byte, wish Identity) ([]byte, error) {
	pub, err := publicKey(signing)
	if err != nil {
		return nil, err
	}
	asked := extensions{sealingKeyExtension(sealing)}
	if !wish.IsZero() {
		asked = append(asked, subjectAltName(wish.URI(), false))
	}
	info, err := build(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		b.AddBytes(emptyName)
		b.AddBytes(publicKeyInfo(pub))
		b.AddASN1(attributesTag, func(b *cryptobyte.Builder) { b.AddBytes(extensionRequest(asked)) })
	})
	if err != nil {
		return nil, fmt.Errorf("certificate request: %w", err)
	}
	der, err := sign(info, signing)
	if err != nil {
		return nil, fmt.Errorf("certificate request: %w", err)
	}
	if _, err := ParseRequest(der); err != nil {
		return nil, err
	}
	return der, nil
}

// extensionRequest is the attribute that holds the extensions asked for.
func extensionRequest(asked extensions) []byte {
	return mustBuild(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addOID(b, oidExtensionRequest)
		b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) { addExtensions(b, asked...) })
	})
}

// ParseRequest checks a request: its form, its keys and the proof that the
// applicant has the private key. A request that asks for anything but a sealing
// key and an identity is refused, since it would not be granted. The error is
// an [*Error] of class [Malformed], [Untrusted] (it is not signed with its own
// key) or [WrongProfile]; see section 4 of spec/certificate.md.
func ParseRequest(der []byte) (*Request, error) {
	signed, err := parseSigned(der, maxCertificate)
	if err != nil {
		return nil, err
	}
	var info, version, subject, key, attributes cryptobyte.String
	in := cryptobyte.String(signed.content)
	ok := in.ReadASN1(&info, asn1.SEQUENCE) &&
		info.ReadASN1(&version, asn1.INTEGER) &&
		info.ReadASN1Element(&subject, asn1.SEQUENCE) &&
		info.ReadASN1Element(&key, asn1.SEQUENCE) &&
		info.ReadASN1(&attributes, attributesTag) &&
		info.Empty()
	signing := ed25519.PublicKey(bytes.TrimPrefix(key, publicKeyPrefix))
	rules := []rule{
		{"Q1", ok, "not a certificate request in DER"},
		{"Q2", bytes.Equal(version, []byte{0}), "not a certificate request of version 1"},
		{"Q3", bytes.HasPrefix(key, publicKeyPrefix), "the key is not an Ed25519 key"},
	}
	if err := demand(Malformed, append(rules, signingKeyRules(signing)...)...); err != nil {
		return nil, err
	}
	if !signed.by(signing) { // Q4
		return nil, refuse(Untrusted, "Q4", "the request is not signed with its own key")
	}
	asked := readExtensionRequest(attributes)
	wish, wishOK := asked.wish()
	sealing := asked.sealingKey()
	rules = []rule{
		{"Q5", bytes.Equal(subject, emptyName), "the subject is not empty"},
		{"Q6", bytes.Equal(attributes, extensionRequest(asked)), "the attributes are not: one request for extensions"},
		{"Q7", asked.contain(sealingKeyExtension(sealing)), "the extension with the sealing key is missing or not in its form"},
		{"Q8", wishOK, "the subject alternative name is not one terminal identity"},
		{"Q9", len(asked) == 1 || len(asked) == 2 && !wish.IsZero(), "it asks for more than a sealing key and an identity"},
	}
	if err := demand(WrongProfile, append(rules, sealingKeyRules(sealing)...)...); err != nil {
		return nil, err
	}
	return &Request{slices.Clone(signing), slices.Clone(sealing), wish}, nil
}

// readExtensionRequest reads what extensionRequest writes. What it does not
// understand it leaves out.
func readExtensionRequest(attributes cryptobyte.String) (asked extensions) {
	var attribute, id, values cryptobyte.String
	_ = attributes.ReadASN1(&attribute, asn1.SEQUENCE) &&
		attribute.ReadASN1(&id, asn1.OBJECT_IDENTIFIER) &&
		attribute.ReadASN1(&values, asn1.SET) &&
		readExtensions(&values, &asked)
	return asked
}

// wish returns the identity asked for, which is zero if there is none, and
// whether that is in its form.
func (all extensions) wish() (Identity, bool) {
	if _, asked := all.find(oidSubjectAltName); !asked {
		return Identity{}, true
	}
	id, err := ParseIdentity(all.altURI())
	return id, err == nil && all.contain(subjectAltName(id.URI(), false))
}
