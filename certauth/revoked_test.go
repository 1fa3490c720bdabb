package certauth

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// What a revocation reaches, and what it must not.
func TestA9RevokeIsByIdentity(t *testing.T) {
	a := newAuthority(t, "acme.example")
	id := identity(t, "acme.example/nas")
	lost := grant(t, id)
	lost.NotBefore = now.Add(-10 * day)
	certify := func(g Grant, notBefore time.Time) []byte {
		g.NotBefore = notBefore
		g.Serial[0]++
		der, err := a.issuer.Certify(g)
		check(t, err)
		return der
	}
	renamed := lost
	renamed.Identity = identity(t, "acme.example/other")
	certificates := map[string][]byte{
		"the certificate":                  certify(lost, lost.NotBefore),
		"an older one of the same key":     certify(lost, now.Add(-20*day)),
		"one of another key before":        certify(grant(t, id), now.Add(-day)),
		"one of another key at the cutoff": certify(grant(t, id), now),
		"one of the same key after":        certify(lost, now.Add(time.Second)),
		"one of another key after":         certify(grant(t, id), now.Add(time.Second)),
		"the same key under another name":  certify(renamed, now.Add(-day)),
		"a terminal whose name it begins":  certify(grant(t, identity(t, "acme.example/nas2")), now.Add(-day)),
		"a terminal below it":              certify(grant(t, identity(t, "acme.example/nas/a")), now.Add(-day)),
		"a terminal of no relation":        certify(grant(t, identity(t, "acme.example/printer")), now.Add(-day)),
		"a terminal with the serial plus one": certify(func() Grant {
			g := grant(t, identity(t, "acme.example/x"))
			g.Serial = lost.Serial
			g.Serial[15]++
			return g
		}(), now),
	}
	serial := lost.Serial
	serial[0]++
	for _, c := range []struct {
		name    string
		revoked Revocations
		check   string
		reaches []string
	}{
		{"nothing", Revocations{}, "", nil},
		{"serial", Revocations{Serials: []RevokedSerial{{serial, now}}}, "C16", []string{
			"the certificate", "an older one of the same key", "one of the same key after", "the same key under another name",
		}},
		{"key", Revocations{Keys: [][32]byte{KeyHash(lost.Request.SigningKey)}}, "C17", []string{
			"the certificate", "an older one of the same key", "one of the same key after", "the same key under another name",
		}},
		{"identity", Revocations{Identities: []RevokedIdentity{RevokeIdentity(id, now)}}, "C18", []string{
			"the certificate", "an older one of the same key", "one of another key before", "one of another key at the cutoff",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			roots := a.roots(t, c.revoked)
			for name, der := range certificates {
				_, err := roots.Open(der, now.Add(time.Minute))
				if slices.Contains(c.reaches, name) {
					refused(t, err, Revoked, c.check)
				} else if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

// Revocation is permanent: a list that no longer has the entry takes nothing
// back while its predecessor is held, and being stale takes nothing back either.
func TestA9RevokedWins(t *testing.T) {
	a := newAuthority(t, "acme.example")
	g := grant(t, identity(t, "acme.example/nas"))
	der, err := a.issuer.Certify(g)
	check(t, err)
	revoking, err := a.issuer.SignCRL(Revocations{Serials: []RevokedSerial{{g.Serial, now}}}, uint64(now.Unix())-1, now.Add(-time.Second), now.Add(day))
	check(t, err)
	old, err := a.root.OpenCRL(revoking, now)
	check(t, err)
	for name, at := range map[string]time.Time{"fresh": now, "stale": now.Add(10 * day)} {
		for _, anchor := range []Anchor{
			{Root: a.root, CRLs: []*CRL{old}},
			{Root: a.root, CRLs: []*CRL{old, a.list(t, Revocations{})}},
			{Root: a.root, CRLs: []*CRL{a.list(t, Revocations{}), old}, AllowStale: true},
		} {
			roots, err := NewRoots(anchor)
			check(t, err)
			_, err = roots.Open(der, at)
			t.Log(name)
			refused(t, err, Revoked, "C16")
		}
	}
}

// The same serial number under another authority is another certificate.
func TestA11SerialOfAnotherIssuer(t *testing.T) {
	acme, rival := newAuthority(t, "acme.example"), newAuthority(t, "rival.example")
	g := grant(t, identity(t, "acme.example/nas"))
	der, err := acme.issuer.Certify(g)
	check(t, err)
	roots, err := NewRoots(
		Anchor{Root: acme.root, CRLs: []*CRL{acme.list(t, Revocations{})}},
		Anchor{Root: rival.root, CRLs: []*CRL{rival.list(t, Revocations{Serials: []RevokedSerial{{g.Serial, now}}})}},
	)
	check(t, err)
	_, err = roots.Open(der, now)
	check(t, err)
}

// Nothing that an attacker does to the bytes of a certificate makes another one
// that is accepted, and so none that a list does not reach.
func TestA9Mutations(t *testing.T) {
	a := newAuthority(t, "acme.example")
	g := grant(t, identity(t, "acme.example/nas"))
	good, err := a.issuer.Certify(g)
	check(t, err)
	roots := a.roots(t, Revocations{})
	random := rand.New(rand.NewPCG(1, 2))
	open := func(der []byte) {
		t.Helper()
		if slices.Equal(der, good) {
			return
		}
		if _, err := roots.Open(der, now); err == nil {
			t.Errorf("accepted: %x", der)
		}
	}
	for range 4000 {
		der := slices.Clone(good)
		for range 1 + random.IntN(3) {
			der = mutate(random, der)
		}
		open(der)
	}
	for i := range good { // each bit of what is signed, and of what is not
		der := slices.Clone(good)
		der[i] ^= 1 << random.IntN(8)
		open(der)
		open(good[:i])
	}
	_, err = a.roots(t, Revocations{Serials: []RevokedSerial{{g.Serial, now}}}).Open(good, now)
	refused(t, err, Revoked, "C16")
}

func mutate(random *rand.Rand, der []byte) []byte {
	if len(der) == 0 {
		return der
	}
	i, j := random.IntN(len(der)), random.IntN(len(der))
	switch random.IntN(6) {
	case 0:
		der[i] ^= 1 << random.IntN(8)
	case 1:
		der[i] = byte(random.Uint32())
	case 2:
		der = slices.Insert(der, i, byte(random.Uint32()))
	case 3:
		der = slices.Delete(der, i, i+1)
	case 4:
		der = der[:i]
	default:
		der[i], der[j] = der[j], der[i]
	}
	return der
}

// The order of the curve added to the second half gives a signature that lax
// verifiers accept: another fingerprint for the same certificate.
func TestA9SignatureMalleability(t *testing.T) {
	a := newAuthority(t, "acme.example")
	object := parseNode(t, a.certify(t, identity(t, "acme.example/nas")))
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := object.children[2].value[33:]
	slices.Reverse(s)
	sum := new(big.Int).Add(new(big.Int).SetBytes(s), order)
	sum.FillBytes(s)
	slices.Reverse(s)
	_, err := a.roots(t, Revocations{}).Open(object.encode(), now)
	refused(t, err, Untrusted, "C2")
}

// Where things are in the signed part of a list that has entries.
const (
	atListVersion = iota
	atListAlgorithm
	atListIssuer
	atThisUpdate
	atNextUpdate
	atEntries
	atListExtensions
)
