package spec

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
)

// Positions in the signed part of a list that revokes something, and in its extensions.
const (
	atListAlgorithm  = 1
	atListIssuer     = 2
	atThisUpdate     = 3
	atNextUpdate     = 4
	atEntries        = 5
	atListExtensions = 6

	atListKeyID   = 0
	atNumber      = 1
	atRevocations = 2
)

func listExtensions(tbs *element) *element { return tbs.at(atListExtensions, 0) }

func utc(t time.Time) *element { return primitive(utcTime, []byte(t.Format("060102150405Z"))...) }

// revoked edits the extension with revoked keys (0) and identities (1).
func revoked(which int, edit func(records []byte) []byte) func(tbs *element) {
	return func(tbs *element) {
		e := listExtensions(tbs).at(atRevocations).content()
		both := decode(e.value)
		both.at(which).value = edit(both.at(which).value)
		e.value = both.encode()
	}
}

// swap exchanges the first two records.
func swap(width int) func([]byte) []byte {
	return func(r []byte) []byte { return bytes.Join([][]byte{r[width : 2*width], r[:width], r[2*width:]}, nil) }
}

// repeat has the first record twice.
func repeat(width int) func([]byte) []byte {
	return func(r []byte) []byte { return append(bytes.Clone(r[:width]), r...) }
}

// dated gives a list another time, and the number that belongs to it.
func dated(at time.Time) func(tbs *element) {
	return func(tbs *element) {
		tbs.parts[atThisUpdate] = utc(at)
		listExtensions(tbs).at(atNumber).content().value = number(at.Unix())
	}
}

func number(n int64) []byte {
	value := []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	return primitive(integer, value...).encode()
}

func crls(t testing.TB) (all []*vector) {
	acme := newAuthority(t, "acme", "acme.example")
	identity := func(s string) certauth.Identity { return must(certauth.ParseIdentity("acme.example/" + s))(t) }
	something := certauth.Revocations{
		Serials: []certauth.RevokedSerial{{Serial: serial("one"), At: now.Add(-2 * time.Hour)}, {Serial: serial("two"), At: now.Add(-3 * time.Hour)}},
		Keys:    [][32]byte{certauth.KeyHash(publicKey("one")), certauth.KeyHash(publicKey("two"))},
		Identities: []certauth.RevokedIdentity{
			certauth.RevokeIdentity(identity("one"), now.Add(-2*time.Hour)), certauth.RevokeIdentity(identity("two"), now.Add(-3*time.Hour)),
		},
	}
	good := acme.freshList(t, something)
	add := func(name, expect, check, comment string, der []byte) *vector {
		v := newVector("crls/"+name, expect, check, "certificate.md 8", comment)
		v.set("now", now.Format(time.RFC3339))
		v.add(kindList, der)
		v.add(kindTrusted, acme.root.DER())
		all = append(all, v)
		return v
	}
	says := func(v *vector, r certauth.Revocations, at time.Time) {
		v.set("number", fmt.Sprint(at.Unix()))
		for _, s := range r.Serials {
			v.set("revokes serial "+hex.EncodeToString(s.Serial[:]), "yes")
		}
		for _, k := range r.Keys {
			v.set("revokes key "+hex.EncodeToString(k[:]), "yes")
		}
		for n, id := range r.Identities {
			v.set("revokes identity acme.example/"+[]string{"one", "two"}[n], "valid from "+id.Cutoff.Format(time.RFC3339)+" or earlier")
		}
	}
	says(add("good", "success", "", "two serial numbers, two keys, two identities", good), something, now.Add(-time.Hour))
	says(add("empty", "success", "", "nothing revoked", acme.freshList(t, certauth.Revocations{})), certauth.Revocations{}, now.Add(-time.Hour))
	says(add("past", "success", "", "a list past its time opens, since what it revokes stays revoked", acme.list(t, something, now.Add(-2*day), now.Add(-day))), something, now.Add(-2*day))
	ahead := now.Add(5 * time.Minute)
	says(add("five-minutes-ahead", "success", "", "made five minutes from now", acme.list(t, something, ahead, ahead.Add(day))), something, ahead)
	reason := add("reason", "success", "", "an entry with a reason, which changes nothing", forge(good, acme.key(), func(tbs *element) {
		tbs.at(atEntries, 0).insert(2, constructed(sequence, constructed(sequence, primitive(objectID, 0x55, 0x1d, 0x15), primitive(octetString, 0x0a, 1, 1))))
	}))
	says(reason, something, now.Add(-time.Hour))
	unsorted := add("entries-in-any-order", "success", "", "serial numbers may come in any order", forge(good, acme.key(), func(tbs *element) {
		e := tbs.at(atEntries)
		e.parts[0], e.parts[1] = e.parts[1], e.parts[0]
	}))
	says(unsorted, something, now.Add(-time.Hour))

	for name, w := range wrapped(good) {
		add(name, "malformed", w.check, w.comment, w.der)
	}
	add("another-authority", "untrusted", "L5", "the list of another authority", newAuthority(t, "other", "other.example").freshList(t, something))
	add("namesake-authority", "untrusted", "L6", "the list of another authority of the same name", newAuthority(t, "namesake", "acme.example").freshList(t, something))
	add("altered", "untrusted", "L6", "one bit of a serial number is wrong", outside(good, func(o *element) { o.at(0, atEntries, 0, 0).value[9] ^= 1 }))
	for _, b := range []broken{
		{"no-extensions", "malformed", "L1", "no extensions", func(tbs *element) { tbs.remove(atListExtensions) }},
		{"no-next-update", "malformed", "L1", "no time until which it is fresh", func(tbs *element) { tbs.remove(atNextUpdate) }},
		{"entries-none", "malformed", "L1", "a sequence of entries without any", func(tbs *element) { tbs.at(atEntries).parts = nil }},
		{"version-1", "malformed", "L2", "no version, which means 1", func(tbs *element) { tbs.remove(0) }},
		{"algorithm-inside", "malformed", "L3", "Ed448 inside and Ed25519 outside", func(tbs *element) { tbs.parts[atListAlgorithm] = algorithmEd448 }},
		{"before-1970", "malformed", "L4", "made in 1969", func(tbs *element) { tbs.parts[atThisUpdate] = primitive(utcTime, []byte("691231235959Z")...) }},
		{"entry-without-time", "malformed", "L7", "an entry without a time", func(tbs *element) { tbs.at(atEntries, 0).remove(1) }},
		{"entry-17-bytes", "malformed", "L7", "a serial number of 17 bytes", func(tbs *element) { tbs.at(atEntries, 0, 0).value = append([]byte{1}, make([]byte, 16)...) }},
		{"entry-negative", "malformed", "L7", "a negative serial number", func(tbs *element) { tbs.at(atEntries, 0, 0).value = []byte{0xff} }},
		{"reversed", "wrong-profile", "L8", "fresh until before it was made", func(tbs *element) { tbs.parts[atNextUpdate] = utc(now.Add(-2 * time.Hour)) }},
		{"no-time", "wrong-profile", "L8", "fresh until it was made", func(tbs *element) { tbs.parts[atNextUpdate] = utc(now.Add(-time.Hour)) }},
		{"extension-twice", "wrong-profile", "L9", "an unknown extension twice", func(tbs *element) { listExtensions(tbs).insert(3, other(false, nil), other(false, nil)) }},
		{"extension-critical", "wrong-profile", "L10", "a critical extension that nobody knows", func(tbs *element) { listExtensions(tbs).insert(3, other(true, nil)) }},
		{"number-critical", "wrong-profile", "L10", "the number is critical", func(tbs *element) { listExtensions(tbs).at(atNumber).insert(1, primitive(boolean, 0xff)) }},
		{"entry-critical", "wrong-profile", "L11", "an entry with a critical extension, as indirect lists have", func(tbs *element) {
			tbs.at(atEntries, 0).insert(2, constructed(sequence, other(true, nil)))
		}},
		{"authority-key-id", "wrong-profile", "L12", "the authority key identifier of another key", func(tbs *element) {
			id := listExtensions(tbs).at(atListKeyID).content().value
			id[len(id)-1] ^= 1
		}},
		{"number-missing", "wrong-profile", "L13", "no number", func(tbs *element) { listExtensions(tbs).remove(atNumber) }},
		{"number-not-the-time", "wrong-profile", "L13", "a number that is not its time", func(tbs *element) {
			listExtensions(tbs).at(atNumber).content().value = number(now.Unix() + 1000)
		}},
		{"delta", "wrong-profile", "L14", "a delta list", func(tbs *element) {
			listExtensions(tbs).insert(3, constructed(sequence, primitive(objectID, 0x55, 0x1d, 0x1b), primitive(octetString, 2, 1, 1)))
		}},
		{"issuing-point", "wrong-profile", "L14", "a list of some of the certificates", func(tbs *element) {
			listExtensions(tbs).insert(3, constructed(sequence, primitive(objectID, 0x55, 0x1d, 0x1c), primitive(octetString, 0x30, 3, 0x81, 1, 0xff)))
		}},
		{"revocations-missing", "wrong-profile", "L15", "no keys and identities", func(tbs *element) { listExtensions(tbs).remove(atRevocations) }},
		{"revocations-half-a-record", "wrong-profile", "L15", "half a key", revoked(0, func(r []byte) []byte { return r[:16] })},
		{"keys-out-of-order", "wrong-profile", "L16", "revoked keys out of order", revoked(0, swap(32))},
		{"key-twice", "wrong-profile", "L16", "a revoked key twice", revoked(0, repeat(32))},
		{"identities-out-of-order", "wrong-profile", "L17", "revoked identities out of order", revoked(1, swap(40))},
		{"identity-twice", "wrong-profile", "L17", "a revoked identity twice", revoked(1, repeat(40))},
		{"from-the-future", "not-yet-valid", "L18", "made five minutes and one second from now", dated(now.Add(5*time.Minute + time.Second))},
	} {
		add(b.name, b.expect, b.check, b.comment, forge(good, acme.key(), b.edit))
	}
	return all
}

// judgeList runs a vector of crls/.
func judgeList(t *testing.T, v *vector) {
	root := must(certauth.ParseRoot(v.one(t, kindTrusted)))(t)
	l, err := root.OpenCRL(v.one(t, kindList), v.now(t))
	verdict(t, v, err)
	if err != nil {
		return
	}
	if got := fmt.Sprint(l.Number()); got != v.get("number") {
		t.Errorf("its number is %s", got)
	}
	for _, f := range v.fields {
		what, is := strings.CutPrefix(f.name, "revokes ")
		if !is {
			continue
		}
		if !revokes(t, l, what, f.value) {
			t.Errorf("it does not revoke %s", what)
		}
	}
}

func revokes(t *testing.T, l *certauth.CRL, what, when string) bool {
	kind, value, _ := strings.Cut(what, " ")
	switch kind {
	case "serial":
		return l.ContainsSerial([16]byte(must(hex.DecodeString(value))(t)))
	case "key":
		return l.ContainsKey([32]byte(must(hex.DecodeString(value))(t)))
	}
	id := must(certauth.ParseIdentity(value))(t)
	cutoff := must(time.Parse("valid from "+time.RFC3339+" or earlier", when))(t)
	return l.ContainsIdentity(id, cutoff) && !l.ContainsIdentity(id, cutoff.Add(time.Second))
}
