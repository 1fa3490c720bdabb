package protocol

import (
	"bytes"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
)

// stranger is a terminal that must be refused.
type stranger struct {
	certtest.Terminal
	roots  *certauth.Roots // what the other side trusts
	reason Reason
}

func (w *world) strangers(t testing.TB) map[string]stranger {
	const name, month = "site-a/laptop", 30 * 24 * time.Hour
	window := func(from, to time.Duration) certtest.Terminal {
		return w.authority.Certify(t, certtest.NewKeys(t), name, certtest.Now.Add(from), certtest.Now.Add(to))
	}
	genuine := w.authority.Terminal(t, name)
	showing := func(der []byte) certtest.Terminal {
		s := genuine
		s.Certificate = der
		return s
	}
	altered := bytes.Clone(genuine.Certificate)
	altered[len(altered)-1] ^= 1
	revoking := w.authority.Roots(t, certauth.Revocations{Keys: [][32]byte{certauth.KeyHash(publicKey(genuine))}})
	listless, err := certauth.NewRoots(certauth.Anchor{Root: w.authority.Root})
	check(t, err)

	return map[string]stranger{
		"no certificate":          {showing([]byte{0x30, 0x00}), w.roots, CertificateMalformed},
		"of another authority":    {certtest.NewAuthority(t, "other.example").Terminal(t, name), w.roots, CertificateUntrusted},
		"of a namesake authority": {certtest.NewAuthority(t, "acme.example").Terminal(t, name), w.roots, CertificateUntrusted},
		"altered":                 {showing(altered), w.roots, CertificateUntrusted},
		"the authority's own":     {showing(w.authority.Root.DER()), w.roots, CertificateWrongProfile},
		"expired":                 {window(-month, -time.Second), w.roots, CertificateExpired},
		"not yet valid":           {window(time.Second, month), w.roots, CertificateNotYetValid},
		"revoked":                 {genuine, revoking, CertificateRevoked},
		"no revocation list":      {genuine, listless, RevocationListStale},
		"no roots":                {genuine, nil, CertificateUntrusted},
	}
}

// genuine reports whether the certificate is one that the authority has signed, and only not good now.
func (s stranger) genuine() bool {
	switch s.reason {
	case CertificateExpired, CertificateNotYetValid, CertificateRevoked, RevocationListStale:
		return true
	}
	return false
}

// defiant is a machine that goes on with its certificate although it knows better.
func (w *world) defiant(t testing.TB, role func(Config) (*Machine, error), s stranger, peer certtest.Terminal) *Machine {
	t.Helper()
	m := w.machine(t, role, w.config(w.authority.Certify(t, s.Terminal, "x", certtest.Now, certtest.Now), peer), nil)
	m.cfg.Certificate = s.Certificate
	return m
}
