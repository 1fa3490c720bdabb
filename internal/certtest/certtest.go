// Package certtest makes authorities and certified terminals for tests: real keys and real
// certificates, valid around a fixed moment.
package certtest

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
)

// Now is the moment at which everything made here is valid.
var Now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// Clock returns Now.
func Clock() time.Time { return Now }

// Authority is an authority with its key.
type Authority struct {
	Root   *certauth.Root
	Issuer *certauth.Issuer
}

// NewAuthority makes an authority for a trust domain, valid for ten years from 2026.
func NewAuthority(t testing.TB, domain string) *Authority {
	t.Helper()
	td := must(certauth.ParseTrustDomain(domain))(t)
	_, key := must2(ed25519.GenerateKey(rand.Reader))(t)
	der := must(certauth.NewRoot(td, key, Now.AddDate(0, -6, 0), Now.AddDate(10, 0, 0), rand.Reader))(t)
	root := must(certauth.ParseRoot(der))(t)
	return &Authority{Root: root, Issuer: must(certauth.NewIssuer(root, key))(t)}
}

// CRL signs a revocation list that is valid for 30 days around Now.
func (a *Authority) CRL(t testing.TB, r certauth.Revocations) *certauth.CRL {
	t.Helper()
	der := must(a.Issuer.SignCRL(r, uint64(Now.Unix()), Now, Now.AddDate(0, 0, 30)))(t)
	return must(a.Root.OpenCRL(der, Now))(t)
}

// Roots trusts this authority alone, with a list that revokes what r says.
func (a *Authority) Roots(t testing.TB, r certauth.Revocations) *certauth.Roots {
	t.Helper()
	return must(certauth.NewRoots(certauth.Anchor{Root: a.Root, CRLs: []*certauth.CRL{a.CRL(t, r)}}))(t)
}

// Terminal is a certified terminal with its keys.
type Terminal struct {
	Identity    certauth.Identity
	Certificate []byte
	Signing     ed25519.PrivateKey
	Sealing     hpke.PrivateKey
}

// NewKeys makes a terminal that is not certified yet.
func NewKeys(t testing.TB) Terminal {
	t.Helper()
	_, signing := must2(ed25519.GenerateKey(rand.Reader))(t)
	return Terminal{Signing: signing, Sealing: must(hpke.MLKEM768X25519().GenerateKey())(t)}
}

// Terminal makes a terminal named within the trust domain, certified for 30 days around Now.
func (a *Authority) Terminal(t testing.TB, name string) Terminal {
	t.Helper()
	return a.Certify(t, NewKeys(t), name, Now.Add(-5*time.Minute), Now.AddDate(0, 0, 30))
}

// Certify gives the keys of terminal a certificate.
func (a *Authority) Certify(t testing.TB, terminal Terminal, name string, notBefore, notAfter time.Time) Terminal {
	t.Helper()
	terminal.Identity = must(a.Root.TrustDomain().ParseIdentity(name))(t)
	der := must(certauth.CreateRequest(terminal.Signing, terminal.Sealing.PublicKey().Bytes(), terminal.Identity))(t)
	grant := certauth.Grant{
		Request:   must(certauth.ParseRequest(der))(t),
		Identity:  terminal.Identity,
		Serial:    Serial(t),
		NotBefore: notBefore,
		NotAfter:  notAfter,
	}
	terminal.Certificate = must(a.Issuer.Certify(grant))(t)
	return terminal
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func must2[T, U any](v T, u U, err error) func(testing.TB) (T, U) {
	return func(t testing.TB) (T, U) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v, u
	}
}

// Serial makes a random serial number.
func Serial(t testing.TB) (serial [16]byte) {
	t.Helper()
	if _, err := rand.Read(serial[:]); err != nil {
		t.Fatal(err)
	}
	serial[0] = serial[0]&0x7f | 0x40
	return serial
}

// Hash is how a revocation list names an identity.
func Hash(id certauth.Identity) [32]byte { return sha256.Sum256([]byte(id.URI())) }
