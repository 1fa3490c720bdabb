package spec

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
)

// Everything that vectors are made of is fixed: the clock, and every key by its name.
var (
	now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	day = 24 * time.Hour
)

// seed is what the keys of a name are made from.
func seed(name string) []byte {
	hash := sha256.Sum256([]byte("certexch vectors: " + name))
	return hash[:]
}

func signingKey(name string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(seed(name + " signing"))
}

func sealingKey(t testing.TB, name string) hpke.PrivateKey {
	return must(hpke.MLKEM768X25519().NewPrivateKey(seed(name + " sealing")))(t)
}

func publicKey(name string) ed25519.PublicKey { return signingKey(name).Public().(ed25519.PublicKey) }

// serial is a serial number of 127 bits.
func serial(name string) (s [16]byte) {
	copy(s[:], seed(name+" serial"))
	s[0] = s[0]&0x3f | 0x40
	return s
}

// authority is an authority whose keys are made from name.
type authority struct {
	name   string
	root   *certauth.Root
	issuer *certauth.Issuer
}

func newAuthority(t testing.TB, name, domain string) *authority {
	t.Helper()
	td := must(certauth.ParseTrustDomain(domain))(t)
	number := serial(name)
	der := must(certauth.NewRoot(td, signingKey(name), now.Add(-365*day), now.Add(3650*day), bytes.NewReader(number[:])))(t)
	return issuing(t, name, der)
}

// issuing is the authority with this root.
func issuing(t testing.TB, name string, root []byte) *authority {
	t.Helper()
	r := must(certauth.ParseRoot(root))(t)
	return &authority{name, r, must(certauth.NewIssuer(r, signingKey(name)))(t)}
}

func (a *authority) key() ed25519.PrivateKey { return signingKey(a.name) }

// request is that of the terminal whose keys are made from name.
func request(t testing.TB, name string, wish certauth.Identity) []byte {
	t.Helper()
	return must(certauth.CreateRequest(signingKey(name), sealingKey(t, name).PublicKey().Bytes(), wish))(t)
}

// certify certifies the terminal name as identity, within the authority's trust domain.
func (a *authority) certify(t testing.TB, name, identity string, notBefore, notAfter time.Time) []byte {
	t.Helper()
	return must(a.issuer.Certify(certauth.Grant{
		Request:   must(certauth.ParseRequest(request(t, name, certauth.Identity{})))(t),
		Identity:  must(a.root.TrustDomain().ParseIdentity(identity))(t),
		Serial:    serial(a.name + " for " + name),
		NotBefore: notBefore,
		NotAfter:  notAfter,
	}))(t)
}

// certificate is a good one.
func (a *authority) certificate(t testing.TB, name, identity string) []byte {
	t.Helper()
	return a.certify(t, name, identity, now.Add(-5*time.Minute), now.Add(30*day))
}

func (a *authority) list(t testing.TB, r certauth.Revocations, thisUpdate, nextUpdate time.Time) []byte {
	t.Helper()
	return must(a.issuer.SignCRL(r, uint64(thisUpdate.Unix()), thisUpdate, nextUpdate))(t)
}

// freshList is a good one that revokes r.
func (a *authority) freshList(t testing.TB, r certauth.Revocations) []byte {
	t.Helper()
	return a.list(t, r, now.Add(-time.Hour), now.Add(30*day))
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		check(t, err)
		return v
	}
}

func check(t testing.TB, err error) {
	if err == nil {
		return
	}
	if t == nil {
		panic(err)
	}
	t.Helper()
	t.Fatal(err)
}
