package certauth

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"testing"
	"time"
)

// now is the time of every test. It is not the time of the machine.
var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// An authority with its keys, and what it has to trust it by.
type authority struct {
	key    ed25519.PrivateKey
	root   *Root
	issuer *Issuer
}

func newAuthority(t testing.TB, domain string) *authority {
	t.Helper()
	td, err := ParseTrustDomain(domain)
	check(t, err)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	der, err := NewRoot(td, key, now.Add(-day), now.Add(3650*day), rand.Reader)
	check(t, err)
	root, err := ParseRoot(der)
	check(t, err)
	issuer, err := NewIssuer(root, key)
	check(t, err)
	return &authority{key, root, issuer}
}

// list returns a list that revokes r, made at now and good for a day.
func (a *authority) list(t testing.TB, r Revocations) *CRL {
	t.Helper()
	der, err := a.issuer.SignCRL(r, uint64(now.Unix()), now, now.Add(day))
	check(t, err)
	crl, err := a.root.OpenCRL(der, now)
	check(t, err)
	return crl
}

// listAt returns a list that revokes nothing.
func (a *authority) listAt(t testing.TB, thisUpdate, nextUpdate time.Time) *CRL {
	t.Helper()
	der, err := a.issuer.SignCRL(Revocations{}, uint64(thisUpdate.Unix()), thisUpdate, nextUpdate)
	check(t, err)
	crl, err := a.root.OpenCRL(der, thisUpdate)
	check(t, err)
	return crl
}

// roots trusts the authority, with a list that revokes r.
func (a *authority) roots(t testing.TB, r Revocations) *Roots {
	t.Helper()
	roots, err := NewRoots(Anchor{Root: a.root, CRLs: []*CRL{a.list(t, r)}})
	check(t, err)
	return roots
}

func (a *authority) certify(t testing.TB, id Identity) []byte {
	t.Helper()
	der, err := a.issuer.Certify(grant(t, id))
	check(t, err)
	return der
}

// grant is for a terminal with new keys.
func grant(t testing.TB, id Identity) Grant {
	t.Helper()
	g := Grant{Request: newRequest(t), Identity: id, NotBefore: now.Add(-5 * time.Minute), NotAfter: now.Add(30 * day)}
	_, err := rand.Read(g.Serial[:])
	check(t, err)
	return g
}

func newRequest(t testing.TB) *Request {
	t.Helper()
	_, signing, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	der, err := CreateRequest(signing, newSealingKey(t), Identity{})
	check(t, err)
	r, err := ParseRequest(der)
	check(t, err)
	return r
}

func newSealingKey(t testing.TB) []byte {
	t.Helper()
	k, err := hpke.MLKEM768X25519().GenerateKey()
	check(t, err)
	return k.PublicKey().Bytes()
}

func identity(t testing.TB, s string) Identity {
	t.Helper()
	id, err := ParseIdentity(s)
	check(t, err)
	return id
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused demands that err is an Error of that class from that check.
func refused(t testing.TB, err error, f Failure, check string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want %s (%s)", err, f, check)
	}
	if e.Failure != f || e.Check != check {
		t.Fatalf("got %v, want %s (%s)", err, f, check)
	}
}

func TestIssueAndOpen(t *testing.T) {
	a := newAuthority(t, "acme.example")
	id := identity(t, "acme.example/site-a/nas")
	g := grant(t, id)
	der, err := a.issuer.Certify(g)
	check(t, err)
	c, err := a.roots(t, Revocations{}).Open(der, now)
	check(t, err)
	if c.Identity() != id || !c.SigningKey().Equal(g.Request.SigningKey) || !bytes.Equal(c.SealingKey(), g.Request.SealingKey) {
		t.Error("the certificate does not hold what was granted")
	}
	if c.Serial() != g.Serial || !c.NotBefore().Equal(g.NotBefore) || !c.NotAfter().Equal(g.NotAfter) {
		t.Error("the certificate has another serial number or validity than was granted")
	}
	if c.Root() != a.root || !bytes.Equal(c.DER(), der) || c.KeyHash() != KeyHash(g.Request.SigningKey) {
		t.Error("the certificate does not say where it comes from")
	}
}
