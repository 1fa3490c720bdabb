package authority

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
)

func (w *world) revoke(t *testing.T, name string) *Revocations {
	t.Helper()
	revoked, err := w.RevokeIdentity(t.Context(), id(t, name), "lost")
	if err != nil {
		t.Fatal(err)
	}
	return revoked
}

// Revoking an identity revokes whatever it holds; certified anew, with new keys,
// it is accepted at once and what it held before is still refused.
func TestA9RevokeIsByIdentity(t *testing.T) {
	w := newWorld(t)
	first, second := newKeys(t), newKeys(t)
	older := w.certify(t, first, "acme.example/nas")
	w.later(time.Hour)
	newer := w.certify(t, second, "acme.example/nas")
	bystander := w.certify(t, newKeys(t), "acme.example/nas/2")
	w.later(time.Hour)

	revoked := w.revoke(t, "acme.example/nas")
	if len(revoked.Records) != 2 || revoked.Keys != 2 || revoked.Records[1].Serial != newer.Record.Serial {
		t.Errorf("revoked %d certificates, %d keys", len(revoked.Records), revoked.Keys)
	}
	list := revoked.List
	for _, issued := range []*Issued{older, newer} {
		_, err := w.open(t, issued.Record.DER, list.DER())
		refusedAs(t, err, certauth.Revoked)
		r, err := w.authority.Record(t.Context(), issued.Record.Serial)
		if err != nil || r.State(w.time) != Revoked || !r.Revocation.At.Equal(w.time) || r.Revocation.Reason != "lost" {
			t.Errorf("on record: %+v, %v", r.Revocation, err)
		}
	}
	_, err := w.open(t, bystander.Record.DER, list.DER())
	refusedAs(t, err, "")

	for _, k := range []keys{first, second, {first.signing, newKeys(t).sealing}, {newKeys(t).signing, second.sealing}} {
		_, err := w.Sign(t.Context(), k.request(t, certauth.Identity{}), id(t, "acme.example/nas"), time.Hour)
		if !errors.Is(err, ErrKeyRevoked) {
			t.Errorf("a revoked key again: %v", err)
		}
	}

	again := w.certify(t, newKeys(t), "acme.example/nas")
	if want := w.time.Add(time.Second); !again.Record.NotBefore.Equal(want) {
		t.Errorf("certified anew from %s, want %s", again.Record.NotBefore, want)
	}
	w.later(time.Second)
	_, err = w.open(t, again.Record.DER, again.Bundle.CRL)
	refusedAs(t, err, "")
	_, err = w.open(t, older.Record.DER, again.Bundle.CRL)
	refusedAs(t, err, certauth.Revoked)
}

// Each of the three entries alone refuses: a certificate that the authority has
// no record of is still refused by its key, and one for a key unknown too, by
// the identity and its time.
func TestA9EveryEntryCounts(t *testing.T) {
	w := newWorld(t)
	k := newKeys(t)
	issued := w.certify(t, k, "acme.example/nas")
	w.later(time.Minute)
	list := w.revoke(t, "acme.example/nas").List
	if !list.ContainsSerial(issued.Record.Serial) || !list.ContainsKey(issued.Record.KeyHash) ||
		!list.ContainsIdentity(issued.Record.Identity, w.time) || list.ContainsIdentity(issued.Record.Identity, w.time.Add(time.Second)) {
		t.Error("an entry is missing, or too many are there")
	}
	for name, grant := range map[string]certauth.Grant{
		"unknown key, at the cutoff":  {Request: newKeys(t).request(t, certauth.Identity{}), Identity: issued.Record.Identity, NotBefore: w.time},
		"known key, after the cutoff": {Request: k.request(t, certauth.Identity{}), Identity: issued.Record.Identity, NotBefore: w.time.Add(time.Minute)},
	} {
		grant.Serial, grant.NotAfter = Serial{1}, w.time.Add(time.Hour)
		der, err := w.issuer.Certify(grant)
		if err != nil {
			t.Fatal(err)
		}
		w.time = grant.NotBefore.Add(10 * time.Minute)
		t.Run(name, func(t *testing.T) {
			_, err := w.open(t, der, list.DER())
			refusedAs(t, err, certauth.Revoked)
		})
	}
}

func TestRevokeSerial(t *testing.T) {
	w := newWorld(t)
	k := newKeys(t)
	bad, good := w.certify(t, k, "acme.example/nas"), w.certify(t, k, "acme.example/nas")
	revoked, err := w.RevokeSerial(t.Context(), bad.Record.Serial, "")
	if err != nil || len(revoked.Records) != 1 || revoked.Keys != 0 || len(revoked.Others) != 1 || revoked.Others[0].Serial != good.Record.Serial {
		t.Fatalf("revoked %+v, %v", revoked, err)
	}
	_, err = w.open(t, bad.Record.DER, revoked.List.DER())
	refusedAs(t, err, certauth.Revoked)
	_, err = w.open(t, good.Record.DER, revoked.List.DER())
	refusedAs(t, err, "")
	w.certify(t, k, "acme.example/nas") // the key is as good as before
}

func TestRevokeWhatIsUnknown(t *testing.T) {
	w := newWorld(t)
	w.certify(t, newKeys(t), "acme.example/nas")
	before := content(t, w.config.Dir)
	if _, err := w.RevokeIdentity(t.Context(), id(t, "acme.example/na"), ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("identity: %v", err)
	}
	if _, err := w.RevokeSerial(t.Context(), Serial{1}, ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("serial number: %v", err)
	}
	if content(t, w.config.Dir) != before {
		t.Error("something changed all the same")
	}
}

func TestRevokeTwice(t *testing.T) {
	w := newWorld(t)
	issued := w.certify(t, newKeys(t), "acme.example/nas")
	w.revoke(t, "acme.example/nas")
	before := content(t, w.config.Dir)
	w.later(time.Minute)
	if again := w.revoke(t, "acme.example/nas"); again.List != nil || len(again.Records) != 0 {
		t.Errorf("the identity again: %+v", again)
	}
	if again, err := w.RevokeSerial(t.Context(), issued.Record.Serial, "other"); err != nil || again.List != nil {
		t.Errorf("the serial number too: %+v, %v", again, err)
	}
	if content(t, w.config.Dir) != before {
		t.Error("something changed all the same")
	}

	anew := w.certify(t, newKeys(t), "acme.example/nas")
	w.later(time.Minute)
	again := w.revoke(t, "acme.example/nas")
	if again.List == nil || len(again.Records) != 1 || again.Keys != 1 {
		t.Fatalf("certified anew and revoked again: %+v", again)
	}
	_, err := w.open(t, anew.Record.DER, again.List.DER())
	refusedAs(t, err, certauth.Revoked)
	third := w.certify(t, newKeys(t), "acme.example/nas").Record
	if !third.NotBefore.Equal(w.time.Add(time.Second)) {
		t.Errorf("certified for the third time from %s, revoked at %s", third.NotBefore, w.time)
	}
}

// A key found stolen after its certificate has expired is not certified again.
func TestRevokeExpired(t *testing.T) {
	w := newWorld(t)
	k := newKeys(t)
	w.certify(t, k, "acme.example/nas")
	w.later(2 * DefaultLifetime)
	if revoked := w.revoke(t, "acme.example/nas"); len(revoked.Records) != 0 || revoked.Keys != 1 || revoked.List == nil {
		t.Errorf("%+v", revoked)
	}
	if _, err := w.Sign(t.Context(), k.request(t, certauth.Identity{}), id(t, "acme.example/nas"), time.Hour); !errors.Is(err, ErrKeyRevoked) {
		t.Errorf("certified again: %v", err)
	}
}

// Revocation is permanent: every later list has the entries until the
// certificates have been expired for a month, and the records stay for ever.
func TestRevocationIsPermanent(t *testing.T) {
	w := newWorld(t)
	r := w.certify(t, newKeys(t), "acme.example/nas").Record
	w.revoke(t, "acme.example/nas")
	for _, c := range []struct {
		at   time.Time
		want bool
	}{
		{r.NotAfter, true},
		{r.NotAfter.Add(keepRevoked), true},
		{r.NotAfter.Add(keepRevoked + time.Second), false},
	} {
		w.time = c.at
		list, err := w.SignList(t.Context(), ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got := []bool{list.ContainsSerial(r.Serial), list.ContainsKey(r.KeyHash), list.ContainsIdentity(r.Identity, r.NotBefore)}
		if want := []bool{c.want, c.want, c.want}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v after the end: %v, want %v", c.at.Sub(r.NotAfter), got, want)
		}
	}
	if r, err := w.authority.Record(t.Context(), r.Serial); err != nil || r.State(w.time) != Revoked {
		t.Errorf("on record: %s, %v", r.State(w.time), err)
	}
}
