package certauth

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// A Root is an authority's own certificate that has the profile of section 5 of
// spec/certificate.md. It is not trusted by being a Root: [NewRoots] says which
// roots are.
type Root struct {
	der                 []byte
	trustDomain         TrustDomain
	key                 ed25519.PublicKey
	notBefore, notAfter time.Time
}

// NewRoot makes the certificate of a new authority for td, signed with its own
// key, and returns its DER. The serial number is read from rand.
func NewRoot(td TrustDomain, key ed25519.PrivateKey, notBefore, notAfter time.Time, rand io.Reader) ([]byte, error) {
	pub, err := publicKey(key)
	if err != nil {
		return nil, err
	}
	var serial [16]byte
	if _, err := io.ReadFull(rand, serial[:]); err != nil {
		return nil, fmt.Errorf("serial number of a root: %w", err)
	}
	name := authorityName(td)
	root := body{
		serial:    new(big.Int).SetBytes(serial[:]),
		issuer:    name,
		subject:   name,
		notBefore: notBefore,
		notAfter:  notAfter,
		key:       pub,
		extensions: extensions{
			authorityOnly,
			signsTrust,
			subjectKeyID(pub),
			constrainedTo(td),
		},
	}
	der, err := root.sign(key)
	if err != nil {
		return nil, fmt.Errorf("root for %s: %w", td, err)
	}
	if _, err := ParseRoot(der); err != nil {
		return nil, err
	}
	return der, nil
}

// ParseRoot checks that der is the certificate of an authority, signed by
// itself. The error is an [*Error] of class [Malformed], [Untrusted] (it is not
// signed by itself) or [WrongProfile].
func ParseRoot(der []byte) (*Root, error) {
	c, err := parseCertificate(der)
	if err != nil {
		return nil, err
	}
	if !c.signed.by(c.key) { // R1
		return nil, refuse(Untrusted, "R1", "the root is not signed with its own key")
	}
	td, err := ParseTrustDomain(c.extensions.constraint())
	name := authorityName(td)
	err = demand(WrongProfile, append(c.rules(),
		rule{"R2", len(c.extensions) == 4, "a root has four extensions"},
		rule{"R3", c.extensions.contain(authorityOnly), "the basic constraints are not: an authority for terminals only"},
		rule{"R4", c.extensions.contain(signsTrust), "the key usage is not: signs certificates and lists"},
		rule{"R5", err == nil && c.extensions.contain(constrainedTo(td)), "the name constraints are not: one trust domain"},
		rule{"R6", bytes.Equal(c.issuer, name), "the issuer is not the name of the trust domain's authority"},
		rule{"R7", bytes.Equal(c.subject, name), "the subject is not the name of the trust domain's authority"},
	)...)
	if err != nil {
		return nil, err
	}
	return &Root{slices.Clone(der), td, slices.Clone(c.key), c.notBefore, c.notAfter}, nil
}

// TrustDomain returns the namespace that the authority certifies in.
func (r *Root) TrustDomain() TrustDomain { return r.trustDomain }

// DER returns the certificate itself.
func (r *Root) DER() []byte { return slices.Clone(r.der) }

// KeyID returns the [KeyHash] of the authority's key.
func (r *Root) KeyID() [32]byte { return KeyHash(r.key) }

// Fingerprint returns the SHA-256 of the certificate: what people compare
// before they trust it.
func (r *Root) Fingerprint() [32]byte { return sha256.Sum256(r.der) }

// NotBefore returns the first second at which the root is valid.
func (r *Root) NotBefore() time.Time { return r.notBefore }

// NotAfter returns the last second at which the root is valid.
func (r *Root) NotAfter() time.Time { return r.notAfter }

// authorityName is the name of an authority, as issuer and as subject: its
// trust domain as domain components, and a word for people.
func authorityName(td TrustDomain) []byte {
	return mustBuild(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, label := range slices.Backward(strings.Split(td.name, ".")) {
			addAttribute(b, oidDomainComponent, asn1.IA5String, label)
		}
		addAttribute(b, oidCommonName, asn1.UTF8String, "certexch authority")
	})
}

func addAttribute(b *cryptobyte.Builder, id oid, tag asn1.Tag, value string) {
	b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addOID(b, id)
			b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(value)) })
		})
	})
}
