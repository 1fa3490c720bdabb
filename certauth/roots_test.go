package certauth

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestOpenValidity(t *testing.T) {
	a := newAuthority(t, "acme.example")
	der, err := NewRoot(a.root.TrustDomain(), a.key, now.Add(-time.Hour), now.Add(10*day), rand.Reader)
	check(t, err)
	short, err := ParseRoot(der)
	check(t, err)
	id := identity(t, "acme.example/nas")
	g := grant(t, id)
	g.NotBefore, g.NotAfter = now, now.Add(day)
	ordinary, err := a.issuer.Certify(g)
	check(t, err)
	g.NotBefore, g.NotAfter = now.Add(-2*time.Hour), now.Add(20*day)
	longer, err := a.issuer.Certify(g) // than the short root
	check(t, err)
	for _, c := range []struct {
		name  string
		root  *Root
		der   []byte
		at    time.Time
		class Failure
		check string
	}{
		{"second before", a.root, ordinary, now.Add(-time.Second), NotYetValid, "C12"},
		{"nanosecond before", a.root, ordinary, now.Add(-1), NotYetValid, "C12"},
		{"first second", a.root, ordinary, now, "", ""},
		{"last second", a.root, ordinary, now.Add(day), "", ""},
		{"second after", a.root, ordinary, now.Add(day + time.Second), Expired, "C13"},
		{"zero time", a.root, ordinary, time.Time{}, NotYetValid, "C12"},
		{"in another zone", a.root, ordinary, now.In(time.FixedZone("west", -11*3600)), "", ""},
		{"root's second before", short, longer, now.Add(-time.Hour - time.Second), NotYetValid, "C14"},
		{"root's first second", short, longer, now.Add(-time.Hour), "", ""},
		{"root's last second", short, longer, now.Add(10 * day), "", ""},
		{"root's second after", short, longer, now.Add(10*day + time.Second), Expired, "C15"},
	} {
		t.Run(c.name, func(t *testing.T) {
			roots, err := NewRoots(Anchor{Root: c.root, CRLs: nil})
			check(t, err)
			_, err = roots.Open(c.der, c.at)
			if c.class == "" {
				refused(t, err, StaleList, "C19") // all that comes before has passed
				return
			}
			refused(t, err, c.class, c.check)
			var e *Error
			if errors.As(err, &e); e.Identity != id {
				t.Errorf("the error names %q, and the certificate is of %q", e.Identity, id)
			}
		})
	}
}

func TestOpenTrust(t *testing.T) {
	a, rival, namesake := newAuthority(t, "acme.example"), newAuthority(t, "rival.example"), newAuthority(t, "acme.example")
	roots := a.roots(t, Revocations{})
	_, err := roots.Open(rival.certify(t, identity(t, "rival.example/nas")), now)
	refused(t, err, Untrusted, "C1")
	_, err = roots.Open(namesake.certify(t, identity(t, "acme.example/nas")), now)
	refused(t, err, Untrusted, "C2")
	good := a.certify(t, identity(t, "acme.example/nas"))
	_, self, _ := ed25519.GenerateKey(nil)
	_, err = roots.Open(forge(t, good, self, func(*node) {}), now)
	refused(t, err, Untrusted, "C2")
	_, err = roots.Open(a.root.DER(), now) // an authority is no terminal
	refused(t, err, WrongProfile, "C3")

	// Nobody has said whose these are.
	for _, f := range []func(tbs *node){func(*node) {}, sayFalse.in(t, oidKeyUsage)} {
		var e *Error
		if _, err := roots.Open(forge(t, good, self, f), now); !errors.As(err, &e) || !e.Identity.IsZero() {
			t.Errorf("got %v, which names an identity", err)
		}
	}
}

// A leaf of one authority does not become one of another by its issuer's name,
// and no authority certifies into another's namespace.
func TestOpenAmongManyAuthorities(t *testing.T) {
	acme, rival := newAuthority(t, "acme.example"), newAuthority(t, "rival.example")
	roots, err := NewRoots(Anchor{Root: acme.root, CRLs: []*CRL{acme.list(t, Revocations{})}}, Anchor{Root: rival.root, CRLs: []*CRL{rival.list(t, Revocations{})}})
	check(t, err)
	for _, a := range []*authority{acme, rival} {
		id := identity(t, a.root.TrustDomain().String()+"/nas")
		c, err := roots.Open(a.certify(t, id), now)
		check(t, err)
		if c.Identity() != id || c.Root() != a.root {
			t.Errorf("got %s of %s", c.Identity(), c.Root().TrustDomain())
		}
	}
	good := rival.certify(t, identity(t, "rival.example/nas"))
	stolen := setValue(sequence(leaf(0x86, []byte("spiffe://acme.example/nas")...)).encode()...)
	_, err = roots.Open(forge(t, good, rival.key, stolen.in(t, oidSubjectAltName)), now)
	refused(t, err, WrongProfile, "C10")
	issuer := parseNode(t, authorityName(acme.root.TrustDomain()))
	_, err = roots.Open(forge(t, good, rival.key, func(tbs *node) { tbs.children[atIssuer] = issuer }), now)
	refused(t, err, Untrusted, "C2")
}

func TestNoRootsRefuseEverything(t *testing.T) {
	a := newAuthority(t, "acme.example")
	der := a.certify(t, identity(t, "acme.example/nas"))
	for _, roots := range []*Roots{nil, {}} {
		_, err := roots.Open(der, now)
		refused(t, err, Untrusted, "C1")
		if len(roots.Authorities()) != 0 {
			t.Error("and yet they have authorities")
		}
	}
}

// What was accepted once is looked at again: by the roots, the lists and the time of that moment.
func TestRecheck(t *testing.T) {
	a, namesake, rival := newAuthority(t, "acme.example"), newAuthority(t, "acme.example"), newAuthority(t, "rival.example")
	g := grant(t, identity(t, "acme.example/nas"))
	der, err := a.issuer.Certify(g)
	check(t, err)
	roots := a.roots(t, Revocations{})
	c, err := roots.Open(der, now)
	check(t, err)
	check(t, roots.Recheck(c, now.Add(time.Minute)))
	for _, r := range []*Roots{nil, {}, rival.roots(t, Revocations{}), namesake.roots(t, Revocations{})} {
		refused(t, r.Recheck(c, now), Untrusted, "C1")
	}
	refused(t, roots.Recheck(c, g.NotAfter.Add(time.Second)), Expired, "C13")
	refused(t, roots.Recheck(c, now.Add(2*day)), StaleList, "C20")
	revoking := a.roots(t, Revocations{Serials: []RevokedSerial{{g.Serial, now}}})
	err = revoking.Recheck(c, now)
	refused(t, err, Revoked, "C16")
	var e *Error
	if !errors.As(err, &e) || e.Identity != c.Identity() {
		t.Errorf("%v does not say whose it is", err)
	}
}

func TestNewRootsRefuses(t *testing.T) {
	a, b := newAuthority(t, "acme.example"), newAuthority(t, "acme.example")
	other := newAuthority(t, "rival.example")
	der, err := NewRoot(TrustDomain{"rival.example"}, a.key, now, now.Add(day), rand.Reader)
	check(t, err)
	sameKey, err := ParseRoot(der)
	check(t, err)
	for name, anchors := range map[string][]Anchor{
		"none":                       {},
		"no root":                    {{}},
		"one trust domain twice":     {{Root: a.root}, {Root: b.root}},
		"one root twice":             {{Root: a.root}, {Root: a.root}},
		"one key twice":              {{Root: a.root}, {Root: sameKey}},
		"list of another authority":  {{Root: a.root, CRLs: []*CRL{other.list(t, Revocations{})}}},
		"list of a namesake":         {{Root: a.root, CRLs: []*CRL{b.list(t, Revocations{})}}},
		"no list among others":       {{Root: a.root, CRLs: []*CRL{nil}}},
		"list that was never opened": {{Root: a.root, CRLs: []*CRL{{}}}},
	} {
		if _, err := NewRoots(anchors...); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestOpenStaleList(t *testing.T) {
	a := newAuthority(t, "acme.example")
	der := a.certify(t, identity(t, "acme.example/nas"))
	old, late := a.listAt(t, now.Add(-2*day), now.Add(-day)), a.listAt(t, now.Add(-day), now)
	for _, c := range []struct {
		name  string
		lists []*CRL
		allow bool
		at    time.Time
		check string
	}{
		{"no list", nil, false, now, "C19"},
		{"no list, stale allowed", nil, true, now, "C19"},
		{"last second", []*CRL{late}, false, now, ""},
		{"second after", []*CRL{late}, false, now.Add(time.Second), "C20"},
		{"second after, stale allowed", []*CRL{late}, true, now.Add(time.Second), ""},
		{"old and new", []*CRL{old, late}, false, now, ""},
		{"new and old", []*CRL{late, old}, false, now, ""},
		{"only old", []*CRL{old}, false, now, "C20"},
	} {
		t.Run(c.name, func(t *testing.T) {
			roots, err := NewRoots(Anchor{Root: a.root, CRLs: c.lists, AllowStale: c.allow})
			check(t, err)
			_, err = roots.Open(der, c.at)
			if c.check == "" {
				check(t, err)
			} else {
				refused(t, err, StaleList, c.check)
			}
		})
	}
}

// What is not named "latest" by its number may still last longer.
func TestHighestNumberDecidesFreshness(t *testing.T) {
	a := newAuthority(t, "acme.example")
	long, latest := a.listAt(t, now.Add(-2*day), now.Add(30*day)), a.listAt(t, now.Add(-day), now.Add(-time.Hour))
	roots, err := NewRoots(Anchor{Root: a.root, CRLs: []*CRL{long, latest}})
	check(t, err)
	_, err = roots.Open(a.certify(t, identity(t, "acme.example/nas")), now)
	refused(t, err, StaleList, "C20")
}

func TestAuthorities(t *testing.T) {
	acme, rival := newAuthority(t, "acme.example"), newAuthority(t, "rival.example")
	old, late := acme.listAt(t, now.Add(-day), now), acme.listAt(t, now, now.Add(day))
	roots, err := NewRoots(Anchor{Root: acme.root, CRLs: []*CRL{late, old}}, Anchor{Root: rival.root})
	check(t, err)
	want := []AuthorityState{{acme.root.KeyID(), late.Number(), late.Hash()}, {KeyID: rival.root.KeyID()}}
	slices.SortFunc(want, func(x, y AuthorityState) int { return bytes.Compare(x.KeyID[:], y.KeyID[:]) })
	if got := roots.Authorities(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Two lists with one number: whichever comes first, the state is the same.
func TestAuthoritiesWithForkedList(t *testing.T) {
	a := newAuthority(t, "acme.example")
	x, y := a.list(t, Revocations{}), a.list(t, Revocations{Keys: [][32]byte{{1}}})
	one, err := NewRoots(Anchor{Root: a.root, CRLs: []*CRL{x, y}})
	check(t, err)
	other, err := NewRoots(Anchor{Root: a.root, CRLs: []*CRL{y, x}})
	check(t, err)
	if !reflect.DeepEqual(one.Authorities(), other.Authorities()) {
		t.Error("the state depends on the order of the lists")
	}
}

// Callers may do with slices what they like.
func TestCertificateIsImmutable(t *testing.T) {
	a := newAuthority(t, "acme.example")
	rootDER := a.root.DER()
	root, err := ParseRoot(rootDER)
	check(t, err)
	clear(rootDER)
	roots, err := NewRoots(Anchor{Root: root, CRLs: []*CRL{a.list(t, Revocations{})}})
	check(t, err)
	der := a.certify(t, identity(t, "acme.example/nas"))
	input := bytes.Clone(der)
	c, err := roots.Open(input, now)
	check(t, err)
	signing, sealing, hash := c.SigningKey(), c.SealingKey(), c.KeyHash()
	for _, slice := range [][]byte{input, c.DER(), c.SigningKey(), c.SealingKey(), c.Root().DER()} {
		clear(slice)
	}
	if !bytes.Equal(c.DER(), der) || !c.SigningKey().Equal(signing) || !bytes.Equal(c.SealingKey(), sealing) || c.KeyHash() != hash {
		t.Error("the certificate has changed")
	}
	_, err = roots.Open(der, now)
	check(t, err)
}

// The attacker is any peer: a certificate is the first thing that it may send.
func FuzzOpen(f *testing.F) {
	a := newAuthority(f, "acme.example")
	roots := a.roots(f, Revocations{})
	genuine := a.certify(f, identity(f, "acme.example/nas"))
	f.Add(genuine)
	f.Add(a.root.DER())
	f.Add(newAuthority(f, "acme.example").certify(f, identity(f, "acme.example/nas")))
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := roots.Open(der, now)
		if (err == nil) != bytes.Equal(der, genuine) {
			t.Fatalf("got %v, %v", c, err)
		}
		// The same content, had the authority signed it.
		parsed, err := parseCertificate(der)
		if err != nil {
			return
		}
		der, err = sign(parsed.signed.content, a.key)
		check(t, err)
		if c, err = roots.Open(der, now); err != nil {
			return
		}
		std, err := x509.ParseCertificate(der)
		check(t, err)
		if len(std.URIs) != 1 || std.URIs[0].String() != c.Identity().URI() || !c.SigningKey().Equal(std.PublicKey) {
			t.Fatalf("crypto/x509 reads %v, %x", std.URIs, std.PublicKey)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	a := newAuthority(b, "acme.example")
	roots := a.roots(b, Revocations{})
	der := a.certify(b, identity(b, "acme.example/nas"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := roots.Open(der, now); err != nil {
			b.Fatal(err)
		}
	}
}
