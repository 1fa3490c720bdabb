package certauth_test

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/certexch/certexch/certauth"
)

// An authority certifies a terminal, another terminal opens the certificate,
// and the authority takes it back.
func Example() {
	now := time.Now()

	// The authority makes its key and its root.
	_, rootKey, err := ed25519.GenerateKey(rand.Reader)
	fatal(err)
	domain, err := certauth.ParseTrustDomain("acme.example")
	fatal(err)
	rootDER, err := certauth.NewRoot(domain, rootKey, now, now.AddDate(10, 0, 0), rand.Reader)
	fatal(err)
	root, err := certauth.ParseRoot(rootDER)
	fatal(err)
	issuer, err := certauth.NewIssuer(root, rootKey)
	fatal(err)

	// The terminal makes its two key pairs and asks.
	_, signing, err := ed25519.GenerateKey(rand.Reader)
	fatal(err)
	sealing, err := hpke.MLKEM768X25519().GenerateKey()
	fatal(err)
	asked, err := certauth.CreateRequest(signing, sealing.PublicKey().Bytes(), certauth.Identity{})
	fatal(err)

	// The authority decides who the terminal is, and signs.
	request, err := certauth.ParseRequest(asked)
	fatal(err)
	nas, err := domain.ParseIdentity("site-a/nas")
	fatal(err)
	grant := certauth.Grant{Request: request, Identity: nas, NotBefore: now.Add(-5 * time.Minute), NotAfter: now.AddDate(0, 0, 30)}
	rand.Read(grant.Serial[:])
	der, err := issuer.Certify(grant)
	fatal(err)
	listDER, err := issuer.SignCRL(certauth.Revocations{}, uint64(now.Unix()), now, now.AddDate(0, 0, 30))
	fatal(err)

	// Any terminal that trusts the authority opens the certificate.
	list, err := root.OpenCRL(listDER, now)
	fatal(err)
	roots, err := certauth.NewRoots(certauth.Anchor{Root: root, CRLs: []*certauth.CRL{list}})
	fatal(err)
	certificate, err := roots.Open(der, now)
	fatal(err)
	fmt.Println(certificate.Identity())

	// A day later the terminal is stolen.
	now = now.AddDate(0, 0, 1)
	listDER, err = issuer.SignCRL(certauth.Revocations{
		Identities: []certauth.RevokedIdentity{certauth.RevokeIdentity(nas, now)},
	}, uint64(now.Unix()), now, now.AddDate(0, 0, 30))
	fatal(err)
	list, err = root.OpenCRL(listDER, now)
	fatal(err)
	roots, err = certauth.NewRoots(certauth.Anchor{Root: root, CRLs: []*certauth.CRL{list}})
	fatal(err)
	_, err = roots.Open(der, now)
	var refusal *certauth.Error
	if errors.As(err, &refusal) {
		fmt.Println(refusal.Identity, refusal.Failure)
	}

	// Output:
	// acme.example/site-a/nas
	// acme.example/site-a/nas revoked
}

func fatal(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
