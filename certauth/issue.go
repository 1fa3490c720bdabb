package certauth

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// An Issuer signs certificates and revocation lists in the name of one root.
// Whatever it would sign that [Roots.Open] or [Root.OpenCRL] would refuse, it
// refuses itself. It may be used concurrently.
type Issuer struct {
	root *Root
	key  ed25519.PrivateKey
}

// NewIssuer returns the issuer for a root, whose private key key must be.
func NewIssuer(root *Root, key ed25519.PrivateKey) (*Issuer, error) {
	if root == nil {
		return nil, errors.New("no root to issue for")
	}
	if pub, err := publicKey(key); err != nil || !pub.Equal(root.key) {
		return nil, fmt.Errorf("the private key is not that of the root for %s", root.trustDomain)
	}
	return &Issuer{root, key}, nil
}

// A Grant is all that goes into a certificate. Only the two keys are the
// applicant's; what else the request may have asked for has no influence.
type Grant struct {
	// Request holds the keys to certify.
	Request *Request
	// Identity is whose keys they are, in the trust domain of the root.
	Identity Identity
	// Serial is a random number that this root has not given before.
	Serial [16]byte
	// NotBefore and NotAfter are the first and the last second of validity.
	// NotAfter is lowered to that of the root where it lies beyond.
	NotBefore, NotAfter time.Time
}

// Certify signs a certificate and returns its DER. The error is an [*Error] that
// names the check which the certificate would not have passed.
func (i *Issuer) Certify(g Grant) ([]byte, error) {
	if g.Request == nil {
		return nil, errors.New("no request to certify")
	}
	leaf := body{
		serial:    new(big.Int).SetBytes(g.Serial[:]),
		issuer:    authorityName(i.root.trustDomain),
		subject:   emptyName,
		notBefore: g.NotBefore,
		notAfter:  earlier(g.NotAfter, i.root.notAfter),
		key:       g.Request.SigningKey,
		extensions: extensions{
			notAuthority,
			signsData,
			terminalPurpose,
			subjectKeyID(g.Request.SigningKey),
			authorityKeyID(i.root.key),
			subjectAltName(g.Identity.URI(), true),
			sealingKeyExtension(g.Request.SealingKey),
		},
	}
	der, err := leaf.sign(i.key)
	if err != nil {
		return nil, fmt.Errorf("certificate for %s: %w", g.Identity, err)
	}
	if err := i.check(der); err != nil {
		return nil, fmt.Errorf("certificate for %s: %w", g.Identity, err)
	}
	return der, nil
}

// check refuses a new certificate that no terminal would accept.
func (i *Issuer) check(der []byte) error {
	c, err := parseCertificate(der)
	if err != nil {
		return err
	}
	_, err = verifyLeaf(der, c, i.root)
	return err
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// publicKey returns the public half of a private key, which it makes from the
// seed: the half that the private key carries could be another's.
func publicKey(key ed25519.PrivateKey) (ed25519.PublicKey, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("an Ed25519 private key has %d bytes, and not %d", ed25519.PrivateKeySize, len(key))
	}
	pub := ed25519.NewKeyFromSeed(key.Seed()).Public().(ed25519.PublicKey)
	if !pub.Equal(key.Public()) {
		return nil, errors.New("the two halves of the Ed25519 private key do not belong together")
	}
	return pub, nil
}
