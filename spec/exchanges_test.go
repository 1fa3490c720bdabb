package spec

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/protocol"
)

const (
	kindOwn           = "OWN CERTIFICATE"
	kindFromInitiator = "FROM INITIATOR"
	kindFromResponder = "FROM RESPONDER"
)

// good is an exchange that completes.
type good struct {
	name, comment string
	role          protocol.Role
	ours, theirs  protocol.Verdict
	private       bool
}

var goodExchanges = []good{
	{"good-initiator", "each side has registered the other", protocol.Initiator, protocol.Registered, protocol.Registered, false},
	{"good-responder", "each side has registered the other", protocol.Responder, protocol.Registered, protocol.Registered, false},
	{"good-private", "a private terminal answers one that it has registered", protocol.Responder, protocol.Registered, protocol.Registered, true},
	{"member-here", "the responder is not registered here: a session, and no data", protocol.Initiator, protocol.Member, protocol.Registered, false},
	{"member-there", "the responder has not registered this side: a session, and no data", protocol.Initiator, protocol.Registered, protocol.Member, false},
	{"member-here-responder", "the initiator is not registered here: a session, and no data", protocol.Responder, protocol.Member, protocol.Registered, false},
	{"member-there-responder", "the initiator has not registered this side: a session, and no data", protocol.Responder, protocol.Registered, protocol.Member, false},
	{"members", "neither has registered the other: a session, and no data", protocol.Responder, protocol.Member, protocol.Member, false},
}

// bad is an exchange that the judged side refuses, or in which it is refused. It follows from the flow
// at which it goes wrong who is judged.
type bad struct {
	name, expect, check, comment string
	at                           int
	side                         func(*side) // what is otherwise with the judged side, if anything
	say                          func(*lie)  // what the other side says at that flow, if not the honest thing
}

// with replaces one field of a message that is signed all the same.
func with(name string, edit func([]byte) []byte) func(*lie) {
	return func(x *lie) { x.fields[name] = edit(x.fields[name]) }
}

func is(value ...byte) func([]byte) []byte { return func([]byte) []byte { return value } }

func noX25519(b []byte) []byte { return append(b[:len(b)-32:len(b)-32], make([]byte, 32)...) }

// raw changes the bytes of a message after it was signed.
func raw(edit func(msg []byte) []byte) func(*lie) { return func(x *lie) { x.raw = edit } }

func saying(msg []byte) func(*lie) { return raw(func([]byte) []byte { return msg }) }

func flip(at int) func(*lie) {
	return raw(func(msg []byte) []byte {
		msg[(at+len(msg))%len(msg)] ^= 1
		return msg
	})
}

// longer has one more byte inside, before the signature.
func longer(x *lie) {
	x.raw = func(msg []byte) []byte {
		body := slices.Insert(msg[3:], len(msg)-3-64, 0)
		return sign(x.signer, x.label, x.transcript, message(msg[0], body))
	}
}

// shown are the certificates that a peer may show and must be refused for.
func (m *meeting) shown(name, identity string) []struct {
	name, expect, comment string
	der                   []byte
} {
	window := func(from, to time.Duration) []byte {
		return m.acme.certify(m.t, name, identity, now.Add(from), now.Add(to))
	}
	genuine := m.acme.certificate(m.t, name, identity)
	return []struct {
		name, expect, comment string
		der                   []byte
	}{
		{"malformed", "certificate-malformed", "a certificate that is none", []byte{0x30, 0}},
		{"untrusted", "certificate-untrusted", "a certificate of an authority that is not trusted here", newAuthority(m.t, "other", "other.example").certificate(m.t, name, identity)},
		{"wrong-profile", "certificate-wrong-profile", "a certificate for a TLS server as well", forge(genuine, m.acme.key(), func(tbs *element) {
			usage := decode(extensions(tbs).at(atPurpose).content().value)
			usage.insert(1, primitive(objectID, 0x2b, 6, 1, 5, 5, 7, 3, 1))
			extensions(tbs).at(atPurpose).content().value = usage.encode()
		})},
		{"not-yet-valid", "certificate-not-yet-valid", "a certificate from the next second on", window(time.Second, day)},
		{"expired", "certificate-expired", "a certificate until the second before", window(-day, -time.Second)},
	}
}

func revoking(m *meeting, name string) []byte {
	return m.acme.freshList(m.t, certauth.Revocations{Keys: [][32]byte{certauth.KeyHash(publicKey(name))}})
}

func badExchanges(m *meeting) []bad {
	all := slices.Concat(badM1(m), badM2(m), badM3(m), badFinished(), refusals(m))
	for at, name := range map[int]string{flowM1: initiatorName, flowM2: responderName} {
		identity := map[string]string{initiatorName: "site-a/desk", responderName: "nas"}[name]
		which := map[int]string{flowM1: "m1", flowM2: "m2"}[at]
		for _, c := range m.shown(name, identity) {
			all = append(all, bad{which + "-" + c.name, c.expect, "P2", c.comment, at, nil, with("certificate", is(c.der...))})
		}
		all = append(all,
			bad{which + "-revoked", "certificate-revoked", "P2", "a certificate whose key is revoked", at, func(s *side) { s.list = revoking(m, name) }, nil},
			bad{which + "-thief", "key-mismatch", "P3", "the certificate of another key than the connection's", at, func(s *side) { s.peer = publicKey("thief") },
				func(x *lie) { x.signer = signingKey("thief") }},
			bad{which + "-own-identity", "own-identity", "P4", "a certificate for the name of this terminal", at, nil,
				with("certificate", is(m.acme.certificate(m.t, name, map[string]string{initiatorName: "nas", responderName: "site-a/desk"}[name])...))},
			bad{which + "-signature", "bad-signature", "P5", "one bit of the signature is wrong", at, nil, flip(-1)},
			bad{which + "-signed-by-another", "bad-signature", "P5", "signed with another key", at, nil, func(x *lie) { x.signer = signingKey("thief") }},
			bad{which + "-nonce-altered", "bad-signature", "P5", "one bit of the nonce is wrong", at, nil, flip(3)},
			bad{which + "-other-label", "bad-signature", "P5", "signed as a message of the other role", at, nil, func(x *lie) { x.label = signs[typeM1+typeM2-x.kind] }},
			bad{which + "-other-version", "bad-signature", "P5", "signed for another version of the protocol", at, nil, func(x *lie) {
				x.transcript = bytes.Replace(x.transcript, []byte(protocolID), []byte("/certexch/0.9"), 1)
			}},
			bad{which + "-other-peer", "bad-signature", "P5", "signed for a connection with another terminal, and forwarded", at, nil, func(x *lie) {
				ours := peerID(publicKey(nameOf(x.role)))
				x.transcript = bytes.Replace(x.transcript, ours, peerID(publicKey("thief")), 1)
			}},
		)
	}
	return all
}

func badM1(m *meeting) []bad {
	state := split(m.play(m.honest(protocol.Initiator), flowM1, nil)[0].msg)["authorities"]
	authorities := func(ids ...byte) func(*lie) {
		var list []byte
		for _, id := range ids {
			list = append(list, append([]byte{id}, state[1:]...)...)
		}
		return with("authorities", is(list...))
	}
	e := func(name, check, comment string, say func(*lie)) bad {
		return bad{"m1-" + name, "bad-message", check, comment, flowM1, nil, say}
	}
	return []bad{
		e("too-long", "E1", "a message of more than 8192 bytes", with("certificate", is(make([]byte, 8192)...))),
		e("cut", "E2", "the last byte is missing", raw(func(msg []byte) []byte { return msg[:len(msg)-1] })),
		e("trailing", "E2", "a byte after the end", raw(func(msg []byte) []byte { return append(msg, 0) })),
		e("header-only", "E2", "two bytes", saying([]byte{typeM1, 0})),
		e("type-0", "E3", "a message of type 0", raw(func(msg []byte) []byte { msg[0] = 0; return msg })),
		e("type-6", "E3", "a message of type 6", raw(func(msg []byte) []byte { msg[0] = 6; return msg })),
		e("type-m2", "E3", "M1 as M2", raw(func(msg []byte) []byte { msg[0] = typeM2; return msg })),
		e("finished", "E3", "FINISHED first", saying(message(typeFinished, make([]byte, 32)))),
		e("empty", "E4", "an empty M1", saying(message(typeM1, nil))),
		e("longer", "E4", "a byte more before the signature", longer),
		e("short-key", "E9", "an ephemeral key of 1215 bytes", with("ephemeral", shortKey)),
		e("no-authority", "E11", "no authorities", authorities()),
		e("nine-authorities", "E11", "nine authorities", authorities(1, 2, 3, 4, 5, 6, 7, 8, 9)),
		e("authorities-out-of-order", "E12", "authorities in descending order", authorities(2, 1)),
		e("authority-twice", "E12", "an authority twice", authorities(1, 1)),
		e("trust-bundle", "E13", "a trust bundle with a number", with("authorities", func(a []byte) []byte { a[79] = 1; return a })),
		e("key-out-of-range", "P8", "an ephemeral key with a coefficient that is not below q", with("ephemeral", outOfRange)),
		e("key-low-order", "P8", "an ephemeral key whose X25519 part is of low order", with("ephemeral", noX25519)),
		{"m1-stale-list", "revocation-list-stale", "P2", "the revocation list was valid until the second before", flowM1,
			func(s *side) {
				s.list = m.acme.list(m.t, certauth.Revocations{}, now.Add(-2*day), now.Add(-time.Second))
			}, nil},
		{"private", "not-registered-here", "P7", "a private terminal, and a member that it has not registered", flowM1,
			func(s *side) { s.registered, s.private = false, true }, nil},
		{"connection-key-low-order", "key-mismatch", "P1", "the connection proved a key of low order: it proved nothing", flowM1,
			func(s *side) { s.peer = ed25519.PublicKey(ed25519LowOrder) }, nil},
	}
}

func badM2(m *meeting) []bad {
	e := func(name, check, comment string, say func(*lie)) bad {
		return bad{"m2-" + name, "bad-message", check, comment, flowM2, nil, say}
	}
	return []bad{
		e("reflected-m1", "E3", "this side's own M1 comes back", func(x *lie) { x.raw = func([]byte) []byte { return x.flows[flowM1].msg } }),
		e("longer", "E5", "a byte more before the signature", longer),
		e("short-enc-ephemeral", "E9", "an encapsulation of 1119 bytes", with("enc ephemeral", shortKey)),
		e("short-enc-initiator", "E9", "an encapsulation of 1119 bytes", with("enc initiator", shortKey)),
		e("verdict-0", "E10", "verdict 0", with("verdict", is(0))),
		e("verdict-3", "E10", "verdict 3", with("verdict", is(3))),
		e("enc-ephemeral-low-order", "P9", "an encapsulation whose X25519 part is of low order", with("enc ephemeral", noX25519)),
		e("enc-initiator-low-order", "P9", "an encapsulation whose X25519 part is of low order", with("enc initiator", noX25519)),
		{"other-terminal", "other-terminal", "P6", "a registered terminal answers, and not the one that was asked for", flowM2,
			func(s *side) { s.askedFor = "acme.example/printer" }, nil},
		{"private-initiator", "not-registered-here", "P7", "a private terminal dials a member that it has not registered", flowM2,
			func(s *side) { s.registered, s.private = false, true }, nil},
	}
}

func badM3(m *meeting) []bad {
	e := func(name, check, comment string, say func(*lie)) bad {
		return bad{"m3-" + name, "bad-message", check, comment, flowM3, nil, say}
	}
	return []bad{
		e("m1-again", "E3", "M1 a second time", func(x *lie) { x.raw = func([]byte) []byte { return x.flows[flowM1].msg } }),
		e("finished-early", "E3", "FINISHED in place of M3", saying(message(typeFinished, make([]byte, 32)))),
		e("longer", "E6", "a byte more before the signature", longer),
		e("short-enc", "E9", "an encapsulation of 1119 bytes", with("enc responder", shortKey)),
		e("verdict-0", "E10", "verdict 0", with("verdict", is(0))),
		e("enc-low-order", "P9", "an encapsulation whose X25519 part is of low order", with("enc responder", noX25519)),
		{"m3-signature", "bad-signature", "P10", "one bit of the signature is wrong", flowM3, nil, flip(-1)},
		{"m3-signed-by-another", "bad-signature", "P10", "signed with another key", flowM3, nil, func(x *lie) { x.signer = signingKey("thief") }},
		{"m3-replayed", "bad-signature", "P10", "the M3 of an exchange in which M2 had another nonce", flowM3, nil, func(x *lie) { x.transcript[len(x.transcript)-1] ^= 1 }},
		{"own-expired", "certificate-expired", "O3", "this side's own certificate is expired by its own clock: it answers M1, and goes no further", flowM3, func(s *side) {
			s.own = m.acme.certify(m.t, responderName, "nas", now.Add(-day), now.Add(-time.Second))
		}, nil},
	}
}

func badFinished() []bad {
	f := func(name, expect, check, comment string, at int, say func(*lie)) bad {
		return bad{"finished-" + name, expect, check, comment, at, nil, say}
	}
	return []bad{
		f("of-initiator-altered", "bad-finished", "P11", "one bit is wrong", flowFinishedI, flip(-1)),
		f("of-responder-altered", "bad-finished", "P11", "one bit is wrong", flowFinishedR, flip(-1)),
		f("reflected", "bad-finished", "P11", "this side's own FINISHED comes back", flowFinishedR, func(x *lie) { x.fields["mac"] = x.schedule().finishedI }),
		f("short", "bad-message", "E7", "31 bytes", flowFinishedI, with("mac", shortKey)),
		f("long", "bad-message", "E7", "33 bytes", flowFinishedR, with("mac", func(m []byte) []byte { return append(m, 0) })),
		f("m3-again", "bad-message", "E3", "M3 a second time", flowFinishedI, func(x *lie) { x.raw = func([]byte) []byte { return x.flows[flowM3].msg } }),
	}
}

func refusals(m *meeting) []bad {
	return []bad{
		{"refused", "refused", "", "the responder refuses, and nothing on this side explains it", flowM2, nil, saying(refused)},
		{"refused-responder", "refused", "", "the initiator refuses M2", flowM3, nil, saying(refused)},
		{"refused-at-the-end", "refused", "", "the responder refuses FINISHED", flowFinishedR, nil, saying(refused)},
		{"refused-with-a-reason", "bad-message", "E8", "REFUSED with a byte in it", flowM2, nil, saying([]byte{typeRefused, 0, 1, 4})},
		{"own-expired-initiator", "certificate-expired", "O1", "this side's own certificate is expired: it does not begin", flowM2, func(s *side) {
			s.own = m.acme.certify(m.t, initiatorName, "site-a/desk", now.Add(-day), now.Add(-time.Second))
		}, nil},
		{"own-malformed", "certificate-malformed", "O1", "this side's own certificate is none: it does not begin", flowM1, func(s *side) { s.own = []byte{0x30, 0} }, nil},
		{"own-keys", "key-mismatch", "O2", "this side's own certificate is of other keys: it does not begin", flowM1, func(s *side) {
			s.own = m.acme.certificate(m.t, "printer", "nas")
		}, nil},
	}
}

// exchanges makes the vectors.
func exchanges(t testing.TB) (all []*vector) {
	m := newMeeting(t)
	for _, g := range goodExchanges {
		s := m.honest(g.role)
		s.registered, s.private = g.ours == protocol.Registered, g.private
		flows := m.play(s, toTheEnd, func(_ int, x *lie) { x.fields["verdict"] = []byte{byte(g.theirs)} })
		v := m.vector(g.name, "session", "", g.comment, s, flows)
		secrets := (&script{m, s, flows}).schedule()
		v.set("ours", g.ours.String())
		v.set("theirs", g.theirs.String())
		v.set("transcript hash", hex.EncodeToString(secrets.hash))
		v.set("session secret", hex.EncodeToString(secrets.session))
		all = append(all, v)
	}
	for _, b := range badExchanges(m) {
		s := m.honest(opposite(from(b.at)))
		if b.side != nil {
			b.side(&s)
		}
		flows := m.play(s, b.at, func(n int, x *lie) {
			if n == b.at && b.say != nil {
				b.say(x)
			}
		})
		all = append(all, m.vector(b.name, b.expect, b.check, b.comment, s, flows))
	}
	return append(all, altered(m)...)
}

// altered are exchanges in which an encapsulation is not the one whose secret its sender has. It opens
// all the same, and nothing but FINISHED shows it.
func altered(m *meeting) (all []*vector) {
	for field, at := range map[string]int{"enc ephemeral": flowFinishedR, "enc initiator": flowFinishedR, "enc responder": flowFinishedI} {
		s := m.honest(opposite(from(at)))
		flows := m.play(s, at, func(_ int, x *lie) {
			if enc := x.fields[field]; enc != nil {
				enc[0] ^= 1
			}
		})
		name := "finished-" + strings.ReplaceAll(field, " ", "-") + "-altered"
		all = append(all, m.vector(name, "bad-finished", "P11", "one bit of an encapsulation is wrong, and it is signed", s, flows))
	}
	return all
}

// vector is what the judged side is given, hears and says, and what must come of it.
func (m *meeting) vector(name, expect, number, comment string, s side, flows []flow) *vector {
	v := newVector("exchanges/"+name, expect, number, "certexch.md 6", comment)
	v.set("role", s.role.String())
	v.set("now", s.now.Format(time.RFC3339))
	v.set("connection key", hex.EncodeToString(s.peer))
	if s.askedFor != "" {
		v.set("asked for", s.askedFor)
	}
	v.set("registered", yes(s.registered))
	v.set("private", yes(s.private))
	for _, name := range []string{initiatorName + " signing", initiatorName + " sealing", responderName + " signing", responderName + " sealing", "ephemeral"} {
		v.set("seed "+name, hex.EncodeToString(seed(name)))
	}
	v.add(kindOwn, s.own)
	v.add(kindTrusted, m.roots)
	v.add(kindTrustedList, s.list)
	for _, f := range flows {
		if f.from == protocol.Initiator {
			v.add(kindFromInitiator, f.msg)
		} else {
			v.add(kindFromResponder, f.msg)
		}
	}
	return v
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
