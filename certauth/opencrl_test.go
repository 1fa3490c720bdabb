package certauth

import (
	"crypto/x509"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestA11ListVerdicts(t *testing.T) {
	a := newAuthority(t, "acme.example")
	good := a.list(t, Revocations{Serials: []RevokedSerial{{[16]byte{1}, now}, {[16]byte{2}, now}}, Keys: [][32]byte{{1}, {2}},
		Identities: []RevokedIdentity{{[32]byte{1}, now}, {[32]byte{2}, now}}}).DER()
	list := func(tbs *node) *node { return tbs.children[atListExtensions].children[0] }
	in := func(id oid, edit editExtension) func(*node) { return func(tbs *node) { edit.of(t, list(tbs), id) } }
	add := func(critical bool, id ...byte) func(*node) {
		return func(tbs *node) {
			e := sequence(leaf(0x06, id...), leaf(0x04, 0x30, 0x00))
			if critical {
				e.insert(1, leaf(0x01, 0xff))
			}
			list(tbs).add(e)
		}
	}
	entry := func(edit func(e *node)) func(*node) {
		return func(tbs *node) { edit(tbs.children[atEntries].children[0]) }
	}
	entryExtension := func(critical bool) func(*node) {
		return entry(func(e *node) {
			x := sequence(leaf(0x06, 0x55, 0x1d, 0x15), leaf(0x04, 0x0a, 0x01, 0x01))
			if critical {
				x.insert(1, leaf(0x01, 0xff))
			}
			e.add(sequence(x))
		})
	}
	own := func(content ...*node) func(*node) {
		return in(oidRevocations, setValue(sequence(content...).encode()...))
	}
	octets := func(n int) *node { return leaf(0x04, make([]byte, n)...) }
	at := func(i int, when time.Time) func(*node) {
		return func(tbs *node) { tbs.children[i] = leaf(0x17, []byte(when.Format("060102150405Z"))...) }
	}
	rows := []alteration{
		{"unchanged", func(*node) {}, "", ""},
		{"unknown extension", add(false, 0x2a, 0x03), "", ""},
		{"freshest list elsewhere", add(false, []byte(newOID(2, 5, 29, 46))...), "", ""},
		{"entry with a reason", entryExtension(false), "", ""},
		{"entries not sorted", func(tbs *node) { slices.Reverse(tbs.children[atEntries].children) }, "", ""},
		{"entry twice", func(tbs *node) { e := tbs.children[atEntries]; e.add(e.children[0]) }, "", ""},
		{"past its time", func(tbs *node) {
			at(atThisUpdate, now.Add(-2*day))(tbs)
			at(atNextUpdate, now.Add(-day))(tbs)
			renumber(t, tbs)
		}, "", ""},
		{"five minutes ahead", func(tbs *node) { at(atThisUpdate, now.Add(5*time.Minute))(tbs); renumber(t, tbs) }, "", ""},

		{"version missing", func(tbs *node) { tbs.remove(atListVersion) }, Malformed, "L2"},
		{"version 1", func(tbs *node) { tbs.children[atListVersion].value[0] = 0 }, Malformed, "L2"},
		{"version 3", func(tbs *node) { tbs.children[atListVersion].value[0] = 2 }, Malformed, "L2"},
		{"signed with RSA inside", func(tbs *node) {
			tbs.children[atListAlgorithm] = sequence(leaf(0x06, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b), leaf(0x05))
		}, Malformed, "L3"},
		{"no next update", func(tbs *node) { tbs.remove(atNextUpdate) }, Malformed, "L1"},
		{"empty entries", func(tbs *node) { tbs.children[atEntries].children = nil }, Malformed, "L1"},
		{"no extensions", func(tbs *node) { tbs.remove(atListExtensions) }, Malformed, "L1"},
		{"data after the extensions", func(tbs *node) { tbs.add(leaf(0x05)) }, Malformed, "L1"},
		{"32 extensions", func(tbs *node) { addMany(list(tbs), 29) }, "", ""},
		{"33 extensions", func(tbs *node) { addMany(list(tbs), 30) }, Malformed, "L1"},
		{"two lists of extensions", func(tbs *node) { e := tbs.children[atListExtensions]; e.add(e.children[0]) }, Malformed, "L1"},
		{"time without seconds", func(tbs *node) { tbs.children[atThisUpdate] = leaf(0x17, []byte("2611231200Z")...) }, Malformed, "L1"},
		{"made in 1969", func(tbs *node) { tbs.children[atThisUpdate] = leaf(0x17, []byte("691231235959Z")...); renumber(t, tbs) }, Malformed, "L4"},
		{"entry with serial number 0", entry(func(e *node) { e.children[0] = leaf(0x02, 0) }), Malformed, "L7"},
		{"entry with serial number -1", entry(func(e *node) { e.children[0] = leaf(0x02, 0xff) }), Malformed, "L7"},
		{"entry with a serial number of 17 octets", entry(func(e *node) { e.children[0] = leaf(0x02, slices.Repeat([]byte{1}, 17)...) }), Malformed, "L7"},
		{"entry without a time", entry(func(e *node) { e.remove(1) }), Malformed, "L7"},
		{"entry with trailing data", entry(func(e *node) { e.add(leaf(0x05)) }), Malformed, "L7"},
		{"entry that is no sequence", func(tbs *node) { tbs.children[atEntries].children[1] = leaf(0x05) }, Malformed, "L7"},

		{"issuer of another name", func(tbs *node) {
			tbs.children[atListIssuer] = parseNode(t, authorityName(TrustDomain{"rival.example"}))
		}, Untrusted, "L5"},

		{"next update before this update", at(atNextUpdate, now.Add(-time.Second)), WrongProfile, "L8"},
		{"next update at this update", at(atNextUpdate, now), WrongProfile, "L8"},
		{"number twice", in(oidCRLNumber, repeat), WrongProfile, "L9"},
		{"unknown extension twice", func(tbs *node) { add(false, 0x2a, 0x03)(tbs); add(false, 0x2a, 0x03)(tbs) }, WrongProfile, "L9"},
		{"unknown critical extension", add(true, 0x2a, 0x03), WrongProfile, "L10"},
		{"critical number", in(oidCRLNumber, flipCritical), WrongProfile, "L10"},
		{"critical authority key identifier", in(oidAuthorityKeyID, flipCritical), WrongProfile, "L10"},
		{"critical own extension", in(oidRevocations, flipCritical), WrongProfile, "L10"},
		{"entry with a critical extension", entryExtension(true), WrongProfile, "L11"},
		{"no authority key identifier", in(oidAuthorityKeyID, drop), WrongProfile, "L12"},
		{"authority key identifier of another key", in(oidAuthorityKeyID, flipBit), WrongProfile, "L12"},
		{"no number", in(oidCRLNumber, drop), WrongProfile, "L13"},
		{"number that is not its time", in(oidCRLNumber, flipBit), WrongProfile, "L13"},
		{"number of 2^63", in(oidCRLNumber, setValue(0x02, 0x09, 0, 0x80, 0, 0, 0, 0, 0, 0, 0)), WrongProfile, "L13"},
		{"number -1", in(oidCRLNumber, setValue(0x02, 0x01, 0xff)), WrongProfile, "L13"},
		{"changes to another list", add(false, 0x55, 0x1d, 0x1b), WrongProfile, "L14"},
		{"changes to another list, critical", add(true, 0x55, 0x1d, 0x1b), WrongProfile, "L10"},
		{"part of the certificates", add(false, 0x55, 0x1d, 0x1c), WrongProfile, "L14"},
		{"part of the certificates, critical", add(true, 0x55, 0x1d, 0x1c), WrongProfile, "L10"},
		{"no own extension", in(oidRevocations, drop), WrongProfile, "L15"},
		{"own extension empty", in(oidRevocations, empty), WrongProfile, "L15"},
		{"own extension with trailing data", in(oidRevocations, trail), WrongProfile, "L15"},
		{"own extension with a third string", own(octets(0), octets(0), octets(0)), WrongProfile, "L15"},
		{"own extension with one string", own(octets(32)), WrongProfile, "L15"},
		{"key of 31 bytes", own(octets(31), octets(0)), WrongProfile, "L15"},
		{"identity of 39 bytes", own(octets(0), octets(39)), WrongProfile, "L15"},
		{"key twice", own(octets(64), octets(0)), WrongProfile, "L16"},
		{"keys not sorted", own(leaf(0x04, slices.Concat([]byte{1}, make([]byte, 63))...), octets(0)), WrongProfile, "L16"},
		{"identity twice", own(octets(0), octets(80)), WrongProfile, "L17"},
		{"identity twice, with two cutoffs", own(octets(0), leaf(0x04, append(make([]byte, 79), 1)...)), WrongProfile, "L17"},
		{"identities not sorted", own(octets(0), leaf(0x04, slices.Concat([]byte{1}, make([]byte, 79))...)), WrongProfile, "L17"},
		{"more than five minutes ahead", func(tbs *node) { at(atThisUpdate, now.Add(5*time.Minute+time.Second))(tbs); renumber(t, tbs) }, NotYetValid, "L18"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			crl, err := a.root.OpenCRL(forge(t, good, a.key, row.edit), now)
			if row.class != "" {
				refused(t, err, row.class, row.check)
				return
			}
			check(t, err)
			if !crl.ContainsSerial([16]byte{1}) || !crl.ContainsSerial([16]byte{2}) || crl.ContainsSerial([16]byte{3}) {
				t.Error("it does not revoke what it lists")
			}
		})
	}
}

// addMany adds n different extensions without meaning to a list of them.
func addMany(list *node, n byte) {
	for i := range n {
		list.add(sequence(leaf(0x06, 0x2a, i), leaf(0x04)))
	}
}

// renumber makes the number of a list its time again.
func renumber(t *testing.T, tbs *node) {
	when := tbs.children[atThisUpdate].value
	parsed, err := time.Parse("060102150405Z", string(when))
	check(t, err)
	setValue(crlNumber(parsed).value...).of(t, tbs.children[atListExtensions].children[0], oidCRLNumber)
}

func TestA11ListOfAnotherAuthority(t *testing.T) {
	a, namesake, rival := newAuthority(t, "acme.example"), newAuthority(t, "acme.example"), newAuthority(t, "rival.example")
	der := a.list(t, Revocations{}).DER()
	_, err := namesake.root.OpenCRL(der, now)
	refused(t, err, Untrusted, "L6")
	_, err = rival.root.OpenCRL(der, now)
	refused(t, err, Untrusted, "L5")

	// An authority that may not sign lists is no authority.
	_, err = ParseRoot(forge(t, a.root.DER(), a.key, setValue(0x03, 0x02, 0x02, 0x04).in(t, oidKeyUsage)))
	refused(t, err, WrongProfile, "R4")

	// No other key signs lists.
	_, err = a.root.OpenCRL(forge(t, der, newAuthority(t, "acme.example").key, func(*node) {}), now)
	refused(t, err, Untrusted, "L6")
}

func TestA11ListEnvelope(t *testing.T) {
	a := newAuthority(t, "acme.example")
	good := a.list(t, Revocations{Serials: []RevokedSerial{{[16]byte{1}, now}}}).DER()
	for i := range good {
		if _, err := a.root.OpenCRL(slices.Clone(good[:i]), now); err == nil {
			t.Fatalf("accepted when cut to %d bytes", i)
		}
		der := slices.Clone(good)
		der[i] ^= 1
		if _, err := a.root.OpenCRL(der, now); err == nil {
			t.Fatalf("accepted with byte %d changed", i)
		}
	}
	_, err := a.root.OpenCRL(append(slices.Clone(good), 0), now)
	refused(t, err, Malformed, "S3")
	_, err = a.root.OpenCRL(make([]byte, maxCRL+1), now)
	refused(t, err, Malformed, "S1")
	_, err = a.root.OpenCRL(nil, now)
	refused(t, err, Malformed, "S2")
	object := parseNode(t, good)
	object.children[1] = sequence(leaf(0x06, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b), leaf(0x05))
	_, err = a.root.OpenCRL(object.encode(), now)
	refused(t, err, Malformed, "S4")
}

// Half a million certificates do not fit a list; those that do are found again,
// in whatever order they come.
func TestA11LongLists(t *testing.T) {
	if testing.Short() {
		t.Skip("parses lists of half a million entries, in one goroutine")
	}
	a := newAuthority(t, "acme.example")
	random := rand.New(rand.NewPCG(3, 4))
	r := Revocations{Serials: make([]RevokedSerial, 500_000)}
	for i := range r.Serials {
		r.Serials[i] = RevokedSerial{randomSerial(random), now}
	}
	_, err := a.issuer.SignCRL(r, uint64(now.Unix()), now, now.Add(day))
	refused(t, err, Malformed, "S1")
	r.Serials = r.Serials[:100_000]
	der, err := a.issuer.SignCRL(r, uint64(now.Unix()), now, now.Add(day))
	check(t, err)
	shuffled := forge(t, der, a.key, func(tbs *node) {
		entries := tbs.children[atEntries].children
		random.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	})
	for _, der := range [][]byte{der, shuffled} {
		crl, err := a.root.OpenCRL(der, now)
		check(t, err)
		for _, s := range r.Serials {
			other := s.Serial
			other[15]++
			if !crl.ContainsSerial(s.Serial) || crl.ContainsSerial(other) {
				t.Fatalf("%x or %x: wrong answer", s.Serial, other)
			}
		}
	}
}

func randomSerial(random *rand.Rand) (serial [16]byte) {
	binary.BigEndian.PutUint64(serial[:], random.Uint64())
	binary.BigEndian.PutUint64(serial[8:], random.Uint64())
	return serial
}

// The attacker is any peer that hands on a list.
func FuzzOpenCRL(f *testing.F) {
	a := newAuthority(f, "acme.example")
	genuine := a.list(f, Revocations{Serials: []RevokedSerial{{[16]byte{1}, now}}, Keys: [][32]byte{{1}}, Identities: []RevokedIdentity{{[32]byte{1}, now}}}).DER()
	f.Add(genuine)
	f.Add(a.listAt(f, now.Add(-day), now).DER())
	f.Add(newAuthority(f, "acme.example").list(f, Revocations{}).DER())
	f.Fuzz(func(t *testing.T, der []byte) {
		signed, err := parseSigned(der, maxCRL)
		if err != nil {
			return
		}
		// The same content, had the authority signed it.
		der, err = sign(signed.content, a.key)
		check(t, err)
		crl, err := a.root.OpenCRL(der, now)
		if err != nil {
			return
		}
		std, err := x509.ParseRevocationList(der)
		if err != nil {
			return // it reads extensions of entries, which make no difference here
		}
		for _, e := range std.RevokedCertificateEntries {
			if !crl.ContainsSerial([16]byte(e.SerialNumber.FillBytes(make([]byte, 16)))) {
				t.Fatalf("crypto/x509 reads the serial number %x", e.SerialNumber)
			}
		}
	})
}

func BenchmarkContainsSerial(b *testing.B) {
	random := rand.New(rand.NewPCG(5, 6))
	serials := table{width: 16, key: 16}
	for range 1_000_000 {
		s := randomSerial(random)
		serials.records = append(serials.records, s[:]...)
	}
	serials.sort()
	crl := &CRL{serials: serials}
	for b.Loop() {
		crl.ContainsSerial(randomSerial(random))
	}
}
