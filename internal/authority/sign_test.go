package authority

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
)

// The certificate carries what the authority decides on and the two keys, and
// nothing else of the request.
func TestA5RequestCannotChooseIdentity(t *testing.T) {
	w := newWorld(t)
	k := newKeys(t)
	issued, err := w.Sign(t.Context(), k.request(t, id(t, "acme.example/ceo")), id(t, "acme.example/guest"), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := w.open(t, issued.Bundle.Leaf, issued.Bundle.CRL)
	if err != nil {
		t.Fatal(err)
	}
	if cert.Identity() != id(t, "acme.example/guest") {
		t.Errorf("certified as %s", cert.Identity())
	}
	if !cert.SigningKey().Equal(k.signing.Public()) || !bytes.Equal(cert.SealingKey(), k.sealing) {
		t.Error("other keys than the request's")
	}
	if !cert.NotBefore().Equal(start.Add(-5*time.Minute)) || !cert.NotAfter().Equal(start.Add(time.Hour)) {
		t.Errorf("valid from %s to %s", cert.NotBefore(), cert.NotAfter())
	}
	if bytes.Contains(issued.Bundle.Leaf, []byte("ceo")) {
		t.Error("the wish is in the certificate")
	}
	if !bytes.Equal(issued.Bundle.Root, w.authority.Root().DER()) {
		t.Error("the bundle has another root")
	}
}

// What was signed is on record as it was signed.
func TestSignRecords(t *testing.T) {
	w := newWorld(t)
	var want []Record
	for _, name := range []string{"acme.example/a", "acme.example/b", "acme.example/a"} {
		w.later(time.Minute)
		issued := w.certify(t, newKeys(t), name)
		cert, err := w.open(t, issued.Record.DER, issued.Bundle.CRL)
		if err != nil {
			t.Fatal(err)
		}
		r := Record{
			Serial: cert.Serial(), Identity: cert.Identity(), KeyHash: cert.KeyHash(), SealingHash: sha256.Sum256(cert.SealingKey()),
			NotBefore: cert.NotBefore(), NotAfter: cert.NotAfter(), IssuedAt: w.time, DER: cert.DER(),
		}
		if !reflect.DeepEqual(issued.Record, r) {
			t.Errorf("returned %+v\nfor      %+v", issued.Record, r)
		}
		want = append(want, r)
	}
	all, err := w.authority.Records(t.Context())
	if err != nil || !reflect.DeepEqual(all, []Record{want[0], want[2], want[1]}) {
		t.Errorf("all: %+v, %v", all, err)
	}
	of, err := w.authority.RecordsOf(t.Context(), id(t, "acme.example/a"))
	if err != nil || !reflect.DeepEqual(of, []Record{want[0], want[2]}) {
		t.Errorf("of a: %+v, %v", of, err)
	}
	one, err := w.authority.Record(t.Context(), want[1].Serial)
	if err != nil || !reflect.DeepEqual(one, want[1]) {
		t.Errorf("one: %+v, %v", one, err)
	}
	if _, err := w.authority.RecordsOf(t.Context(), id(t, "acme.example/c")); !errors.Is(err, ErrNotFound) {
		t.Errorf("of c: %v", err)
	}
	if _, err := w.authority.Record(t.Context(), Serial{1}); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown serial: %v", err)
	}
}

func TestSignValidity(t *testing.T) {
	w := newWorld(t)
	k := newKeys(t)
	end := w.authority.Root().NotAfter()
	sign := func(lifetime time.Duration) (*Issued, error) {
		return w.Sign(t.Context(), k.request(t, certauth.Identity{}), id(t, "acme.example/nas"), lifetime)
	}
	for _, lifetime := range []time.Duration{0, -time.Hour, time.Second - 1} {
		if _, err := sign(lifetime); err == nil {
			t.Errorf("lifetime %v", lifetime)
		}
	}
	if issued, err := sign(1500 * time.Millisecond); err != nil || !issued.Record.NotAfter.Equal(start.Add(time.Second)) {
		t.Errorf("a second and a half: %v", err)
	}
	issued, err := sign(20 * DefaultRootLifetime)
	if err != nil || !issued.Record.NotAfter.Equal(end) {
		t.Errorf("longer than the root: until %s, %v", issued.Record.NotAfter, err)
	}
	w.time = end.Add(-time.Second)
	if _, err := sign(time.Hour); err != nil {
		t.Errorf("in the root's last second: %v", err)
	}
	w.time = end
	if _, err := sign(time.Hour); !errors.Is(err, ErrRootExpired) {
		t.Errorf("after the root: %v", err)
	}
}

func TestSignRefusesForeignIdentity(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"other.example/nas", "sub.acme.example/nas", "example.acme/nas"} {
		if _, err := w.Sign(t.Context(), newKeys(t).request(t, certauth.Identity{}), id(t, name), time.Hour); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.Sign(t.Context(), newKeys(t).request(t, certauth.Identity{}), certauth.Identity{}, time.Hour); !errors.Is(err, ErrForeign) {
		t.Errorf("no identity: %v", err)
	}
}

// Nobody gets a certificate for another terminal's key, be it the one that
// signs, of which there is no proof of possession here, be it the other.
func TestA6KeyOfAnotherIdentity(t *testing.T) {
	w := newWorld(t)
	victim, attacker := newKeys(t), newKeys(t)
	w.certify(t, victim, "acme.example/victim")
	count := func() int {
		all, err := w.authority.Records(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	for _, c := range []struct {
		name string
		keys keys
		id   string
		want error
	}{
		{"the victim's sealing key", keys{attacker.signing, victim.sealing}, "acme.example/attacker", ErrKeyTaken},
		{"the victim's signing key", keys{victim.signing, attacker.sealing}, "acme.example/attacker", ErrKeyTaken},
		{"both", victim, "acme.example/attacker", ErrKeyTaken},
		{"the same identity again", victim, "acme.example/victim", nil},
		{"the same identity with a new signing key", keys{newKeys(t).signing, victim.sealing}, "acme.example/victim", nil},
		{"the same identity with a new sealing key", keys{victim.signing, newKeys(t).sealing}, "acme.example/victim", nil},
		{"keys of its own", attacker, "acme.example/attacker", nil},
	} {
		before := count()
		_, err := w.Sign(t.Context(), c.keys.request(t, certauth.Identity{}), id(t, c.id), time.Hour)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if recorded := count() - before; (recorded == 1) != (c.want == nil) {
			t.Errorf("%s: %d certificates recorded", c.name, recorded)
		}
	}
	w.later(10 * DefaultLifetime)
	if _, err := w.Sign(t.Context(), victim.request(t, certauth.Identity{}), id(t, "acme.example/other"), time.Hour); !errors.Is(err, ErrKeyTaken) {
		t.Errorf("long after the victim's certificate: %v", err)
	}
}

func TestSignNamesOtherKeysOfTheIdentity(t *testing.T) {
	w := newWorld(t)
	old, next := newKeys(t), newKeys(t)
	first := w.certify(t, old, "acme.example/nas")
	w.later(time.Minute)
	if renewed := w.certify(t, old, "acme.example/nas"); len(renewed.Others) != 0 {
		t.Errorf("renewal: %d others", len(renewed.Others))
	}
	w.certify(t, newKeys(t), "acme.example/printer")
	if second := w.certify(t, next, "acme.example/nas"); len(second.Others) != 2 || second.Others[0].Serial != first.Record.Serial {
		t.Errorf("second key: %d others", len(second.Others))
	}
	w.later(DefaultLifetime + time.Second)
	if third := w.certify(t, newKeys(t), "acme.example/nas"); len(third.Others) != 0 {
		t.Errorf("after their time: %d others", len(third.Others))
	}
}

// Two processes beside each other lose nothing and give no number twice.
func TestSignConcurrently(t *testing.T) {
	w := newWorld(t)
	second := unlocked(t, w.config)
	const each = 8
	var wg sync.WaitGroup
	for _, s := range []*Signer{w.Signer, second, w.Signer, second} {
		wg.Go(func() {
			for range each {
				if _, err := s.Sign(t.Context(), newKeys(t).request(t, certauth.Identity{}), id(t, "acme.example/nas"), time.Hour); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	all, err := w.authority.Records(t.Context())
	serials := make(map[Serial]bool)
	for _, r := range all {
		serials[r.Serial] = true
	}
	if err != nil || len(all) != 4*each || len(serials) != 4*each {
		t.Errorf("%d certificates, %d serial numbers, %v", len(all), len(serials), err)
	}
}

// A serial number that has been given before is not given again, and one with
// leading zeros, which tools print in different ways, not at all.
func TestSerialNumbers(t *testing.T) {
	w := newWorld(t)
	number, short := bytes.Repeat([]byte{7}, 16), append([]byte{0}, bytes.Repeat([]byte{7}, 15)...)
	w.authority.config.Rand = bytes.NewReader(slices.Concat(short, number, number))
	if issued := w.certify(t, newKeys(t), "acme.example/a"); issued.Record.Serial != Serial(number) {
		t.Errorf("serial number %s", issued.Record.Serial)
	}
	if _, err := w.Sign(t.Context(), newKeys(t).request(t, certauth.Identity{}), id(t, "acme.example/b"), time.Hour); err == nil {
		t.Error("one number twice")
	}
	for s, ok := range map[string]bool{
		"07070707070707070707070707070707":                true,
		"0A0B0C0D0E0F000102030405060708FF":                true,
		"0a:0b:0c:0d:0e:0f:00:01:02:03:04:05:06:07:08:ff": true,
		"0707":                              false,
		"070707070707070707070707070707070": false,
		"g7070707070707070707070707070707":  false,
		"":                                  false,
	} {
		if _, got := ParseSerial(s); got != ok {
			t.Errorf("%q is a serial number: %v", s, got)
		}
	}
}
