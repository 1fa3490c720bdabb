package certauth

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"time"
)

// A Certificate is a terminal's certificate that [Roots.Open] has verified.
// There is no other way to have one. It is immutable; what was true when it was
// opened may be over now, so sessions that last open it again.
type Certificate struct {
	der                 []byte
	root                *Root
	identity            Identity
	signing             ed25519.PublicKey
	sealing             []byte
	serial              [16]byte
	notBefore, notAfter time.Time
}

// Identity returns whose certificate it is.
func (c *Certificate) Identity() Identity { return c.identity }

// SigningKey returns the terminal's Ed25519 key, which is also its libp2p key.
func (c *Certificate) SigningKey() ed25519.PublicKey { return slices.Clone(c.signing) }

// SealingKey returns the terminal's X-Wing key, [SealingKeySize] bytes.
func (c *Certificate) SealingKey() []byte { return slices.Clone(c.sealing) }

// KeyHash returns the [KeyHash] of the signing key.
func (c *Certificate) KeyHash() [32]byte { return KeyHash(c.signing) }

// Serial returns the serial number, big-endian. It is unique within the root.
func (c *Certificate) Serial() [16]byte { return c.serial }

// NotBefore returns the first second of validity.
func (c *Certificate) NotBefore() time.Time { return c.notBefore }

// NotAfter returns the last second of validity.
func (c *Certificate) NotAfter() time.Time { return c.notAfter }

// Root returns the authority that signed it.
func (c *Certificate) Root() *Root { return c.root }

// DER returns the certificate itself.
func (c *Certificate) DER() []byte { return slices.Clone(c.der) }

// verifyLeaf makes the checks that need neither the time nor a revocation list,
// for a certificate taken apart that root should have signed.
func verifyLeaf(der []byte, c *body, root *Root) (*Certificate, error) {
	if !c.signed.by(root.key) { // C2
		return nil, refuse(Untrusted, "C2", "not signed by the authority of %s", root.trustDomain)
	}
	id, err := ParseIdentity(c.extensions.altURI())
	sealing := c.extensions.sealingKey()
	rules := append(c.rules(),
		rule{"C3", bytes.Equal(c.subject, emptyName), "the subject is not empty"},
		rule{"C4", len(c.extensions) == 7, "a terminal's certificate has seven extensions"},
		rule{"C5", c.extensions.contain(notAuthority), "the basic constraints are not: no authority"},
		rule{"C6", c.extensions.contain(signsData), "the key usage is not: digital signature"},
		rule{"C7", c.extensions.contain(terminalPurpose), "the extended key usage is not: certexch terminal"},
		rule{"C8", c.extensions.contain(authorityKeyID(root.key)), "the authority key identifier is missing or not that of the root"},
		rule{"C9", err == nil && c.extensions.contain(subjectAltName(id.URI(), true)), "the subject alternative name is not one terminal identity"},
		rule{"C10", id.TrustDomain() == root.trustDomain, "the identity lies outside the trust domain of the authority"},
		rule{"C11", c.extensions.contain(sealingKeyExtension(sealing)), "the extension with the sealing key is missing or not in its form"},
	)
	if err := demand(WrongProfile, append(rules, sealingKeyRules(sealing)...)...); err != nil {
		return nil, err
	}
	return &Certificate{
		der:       slices.Clone(der),
		root:      root,
		identity:  id,
		signing:   slices.Clone(c.key),
		sealing:   slices.Clone(sealing),
		serial:    c.serialNumber(),
		notBefore: c.notBefore,
		notAfter:  c.notAfter,
	}, nil
}
