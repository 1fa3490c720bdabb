package certauth

import (
	"crypto/sha256"
	"slices"
	"testing"
	"time"
)

func TestSignCRL(t *testing.T) {
	a := newAuthority(t, "acme.example")
	id := identity(t, "acme.example/nas")
	r := Revocations{
		Serials:    []RevokedSerial{{[16]byte{9}, now}, {[16]byte{0: 0xff}, now}, {[16]byte{15: 1}, now}, {[16]byte{9}, now.Add(-day)}},
		Keys:       [][32]byte{{9}, {0xff}, {1}, {9}},
		Identities: []RevokedIdentity{RevokeIdentity(id, now), RevokeIdentity(id, now.Add(-day)), {[32]byte{}, now}, {sha256.Sum256([]byte("x")), now}},
	}
	crl := a.list(t, r)
	for _, s := range r.Serials {
		if !crl.ContainsSerial(s.Serial) {
			t.Errorf("serial number %x: not listed", s.Serial)
		}
	}
	for _, k := range r.Keys {
		if !crl.ContainsKey(k) {
			t.Errorf("key %x: not listed", k)
		}
	}
	if crl.ContainsSerial([16]byte{}) || crl.ContainsSerial([16]byte{8}) || crl.ContainsKey([32]byte{}) || crl.ContainsKey([32]byte{31: 9}) {
		t.Error("the list has what nobody put there")
	}
	if !crl.ContainsIdentity(id, now) || !crl.ContainsIdentity(id, now.Add(-day)) || !crl.ContainsIdentity(id, time.Unix(-1, 0)) || crl.ContainsIdentity(id, now.Add(time.Second)) {
		t.Error("of two cutoffs, the list has not the later")
	}
	if crl.ContainsIdentity(identity(t, "acme.example/other"), now) {
		t.Error("the list has an identity that nobody put there")
	}
	if crl.Number() != uint64(now.Unix()) || !crl.ThisUpdate().Equal(now) || !crl.NextUpdate().Equal(now.Add(day)) || crl.Hash() != sha256.Sum256(crl.DER()) {
		t.Error("the list says something else of itself")
	}
	slices.Reverse(r.Serials[:3])
	slices.Reverse(r.Keys)
	slices.Reverse(r.Identities)
	if a.list(t, r).Hash() != crl.Hash() {
		t.Error("the list depends on the order of what is in it")
	}
}

func TestSignCRLRefuses(t *testing.T) {
	a := newAuthority(t, "acme.example")
	serial := func(s [16]byte) Revocations { return Revocations{Serials: []RevokedSerial{{s, now}}} }
	for name, sign := range map[string]func() ([]byte, error){
		"another number": func() ([]byte, error) { return a.issuer.SignCRL(Revocations{}, 1, now, now.Add(day)) },
		"time before 1970": func() ([]byte, error) {
			before := time.Unix(-1, 0)
			return a.issuer.SignCRL(Revocations{}, uint64(before.Unix()), before, now)
		},
		"end at its beginning": func() ([]byte, error) { return a.issuer.SignCRL(Revocations{}, uint64(now.Unix()), now, now) },
		"serial number 0": func() ([]byte, error) {
			return a.issuer.SignCRL(serial([16]byte{}), uint64(now.Unix()), now, now.Add(day))
		},
		"revoked at no time": func() ([]byte, error) {
			return a.issuer.SignCRL(Revocations{Serials: []RevokedSerial{{Serial: [16]byte{1}}}}, uint64(now.Unix()), now, now.Add(day))
		},
	} {
		if der, err := sign(); err == nil || der != nil {
			t.Errorf("%s: signed", name)
		}
	}
}
