package certauth

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestNewRoot(t *testing.T) {
	td, err := ParseTrustDomain("acme.example")
	check(t, err)
	pub, key, err := ed25519.GenerateKey(nil)
	check(t, err)
	der, err := NewRoot(td, key, now, now.Add(time.Hour), rand.Reader)
	check(t, err)
	root, err := ParseRoot(der)
	check(t, err)
	if root.TrustDomain() != td || root.KeyID() != KeyHash(pub) || !bytes.Equal(root.DER(), der) ||
		!root.NotBefore().Equal(now) || !root.NotAfter().Equal(now.Add(time.Hour)) {
		t.Errorf("the root for %s says something else: %+v", td, root)
	}
	again, err := NewRoot(td, key, now, now.Add(time.Hour), rand.Reader)
	check(t, err)
	if bytes.Equal(again, der) {
		t.Error("two roots have one serial number")
	}
}

func TestNewRootRefusesNonsense(t *testing.T) {
	td := TrustDomain{"acme.example"}
	_, key, _ := ed25519.GenerateKey(nil)
	_, err := NewRoot(TrustDomain{}, key, now, now.Add(day), rand.Reader)
	refused(t, err, WrongProfile, "R5")
	_, err = NewRoot(td, key, now, now.Add(-day), rand.Reader)
	refused(t, err, WrongProfile, "X7")
	_, err = NewRoot(td, key, now, now.Add(day), zeros{})
	refused(t, err, WrongProfile, "X6")
	if _, err = NewRoot(td, key, now, now.Add(day), strings.NewReader("short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("too little randomness: got %v", err)
	}
	if _, err = NewRoot(td, key[:31], now, now.Add(day), rand.Reader); err == nil {
		t.Error("a root was made with a short key")
	}
	if _, err = NewRoot(td, key, time.Time{}, now, rand.Reader); err == nil {
		t.Error("a root was made that is valid from the year 1")
	}
	if _, err = NewRoot(td, key, now, now.AddDate(9000, 0, 0), rand.Reader); err == nil {
		t.Error("a root was made that is valid until the year 11026")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestNewIssuerNeedsTheRootsKey(t *testing.T) {
	a, b := newAuthority(t, "acme.example"), newAuthority(t, "acme.example")
	for name, key := range map[string]ed25519.PrivateKey{"another": b.key, "nil": nil, "short": a.key[:32]} {
		if _, err := NewIssuer(a.root, key); err == nil {
			t.Errorf("%s key: accepted", name)
		}
	}
	if _, err := NewIssuer(nil, a.key); err == nil {
		t.Error("no root: accepted")
	}
}

func TestCertifyRefusesWhatNobodyWouldAccept(t *testing.T) {
	a := newAuthority(t, "acme.example")
	good := grant(t, identity(t, "acme.example/nas"))
	for _, c := range []struct {
		name  string
		edit  func(g *Grant)
		class Failure
		check string
	}{
		{"no identity", func(g *Grant) { g.Identity = Identity{} }, WrongProfile, "C9"},
		{"identity of another trust domain", func(g *Grant) { g.Identity = identity(t, "rival.example/nas") }, WrongProfile, "C10"},
		{"serial number 0", func(g *Grant) { g.Serial = [16]byte{} }, WrongProfile, "X6"},
		{"no end", func(g *Grant) { g.NotAfter = time.Unix(0, 0) }, WrongProfile, "X7"},
		{"beginning after the root's end", func(g *Grant) { g.NotBefore = a.root.NotAfter().Add(day); g.NotAfter = g.NotBefore.Add(day) }, WrongProfile, "X7"},
		{"short signing key", func(g *Grant) { g.Request = &Request{g.Request.SigningKey[:31], g.Request.SealingKey, Identity{}} }, Malformed, "X1"},
		{"no sealing key", func(g *Grant) { g.Request = &Request{g.Request.SigningKey, nil, Identity{}} }, WrongProfile, "K4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := good
			c.edit(&g)
			der, err := a.issuer.Certify(g)
			refused(t, err, c.class, c.check)
			if der != nil {
				t.Error("and yet there is a certificate")
			}
		})
	}
	if _, err := a.issuer.Certify(Grant{}); err == nil {
		t.Error("nothing was certified")
	}
}

func TestCertifyEndsWithTheRoot(t *testing.T) {
	a := newAuthority(t, "acme.example")
	g := grant(t, identity(t, "acme.example/nas"))
	g.NotAfter = now.AddDate(100, 0, 0)
	der, err := a.issuer.Certify(g)
	check(t, err)
	c, err := a.roots(t, Revocations{}).Open(der, now)
	check(t, err)
	if !c.NotAfter().Equal(a.root.NotAfter()) {
		t.Errorf("valid until %v, and the root until %v", c.NotAfter(), a.root.NotAfter())
	}
}

// Serial numbers are 128 bits wherever the ones among them are.
func TestSerialNumbers(t *testing.T) {
	a := newAuthority(t, "acme.example")
	for _, serial := range [][16]byte{{15: 1}, {0: 0x7f}, {0: 0x80}, {0: 0xff, 15: 0xff}, {8: 0x80}} {
		g := grant(t, identity(t, "acme.example/nas"))
		g.Serial = serial
		der, err := a.issuer.Certify(g)
		check(t, err)
		c, err := a.roots(t, Revocations{}).Open(der, now)
		check(t, err)
		if c.Serial() != serial {
			t.Errorf("%x became %x", serial, c.Serial())
		}
		_, err = a.roots(t, Revocations{Serials: []RevokedSerial{{serial, now}}}).Open(der, now)
		refused(t, err, Revoked, "C16")
	}
}

// RFC 5280 has two encodings of time, with the border at the year 2050.
func TestTimesAroundTheCenturies(t *testing.T) {
	td := TrustDomain{"acme.example"}
	_, key, _ := ed25519.GenerateKey(nil)
	for _, year := range []int{1950, 1969, 1999, 2000, 2026, 2049, 2050, 2051, 9999} {
		notBefore := time.Date(year, 1, 1, 0, 0, 0, 0, time.FixedZone("east", 3600)).Add(time.Hour)
		notAfter := time.Date(year, 12, 31, 23, 59, 59, 999, time.UTC)
		der, err := NewRoot(td, key, notBefore, notAfter, rand.Reader)
		check(t, err)
		root, err := ParseRoot(der)
		check(t, err)
		if !root.NotBefore().Equal(notBefore) || !root.NotAfter().Equal(notAfter.Truncate(time.Second)) {
			t.Errorf("%v to %v became %v to %v", notBefore, notAfter, root.NotBefore(), root.NotAfter())
		}
	}
}
