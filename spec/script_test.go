package spec

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/protocol"
)

// The terminals of every exchange: desk dials nas.
const (
	initiatorName = "desk"
	responderName = "nas"
)

// meeting is what exchanges are made of.
type meeting struct {
	t      testing.TB
	acme   *authority
	roots  []byte
	list   []byte
	record *record
}

func newMeeting(t testing.TB) *meeting {
	acme := newAuthority(t, "acme", "acme.example")
	private := []hpke.PrivateKey{sealingKey(t, initiatorName), sealingKey(t, responderName), ephemeralKey(t)}
	return &meeting{t, acme, acme.root.DER(), acme.freshList(t, certauth.Revocations{}), newRecord(t, private...)}
}

func ephemeralKey(t testing.TB) hpke.PrivateKey {
	return must(hpke.MLKEM768X25519().NewPrivateKey(seed("ephemeral")))(t)
}

// side is what the judged side of an exchange is given; all of it stands in the vector.
type side struct {
	role                protocol.Role
	now                 time.Time
	own                 []byte // its certificate
	list                []byte // the revocation list that it has
	peer                ed25519.PublicKey
	askedFor            string
	registered, private bool
}

// honest is a side as it should be.
func (m *meeting) honest(role protocol.Role) side {
	name, identity, peer := initiatorName, "site-a/desk", responderName
	if role == protocol.Responder {
		name, identity, peer = responderName, "nas", initiatorName
	}
	return side{role, now, m.acme.certificate(m.t, name, identity), m.list, publicKey(peer), "", true, false}
}

// random is what a side draws: the initiator its ephemeral key and its nonce, the responder its nonce.
func random(role protocol.Role) []byte {
	if role == protocol.Initiator {
		return append(seed("ephemeral"), seed("initiator nonce")...)
	}
	return seed("responder nonce")
}

func nameOf(role protocol.Role) string {
	if role == protocol.Initiator {
		return initiatorName
	}
	return responderName
}

func (m *meeting) machine(s side) (*protocol.Machine, error) {
	root := must(certauth.ParseRoot(m.roots))(m.t)
	list := must(root.OpenCRL(s.list, now))(m.t)
	roots := must(certauth.NewRoots(certauth.Anchor{Root: root, CRLs: []*certauth.CRL{list}}))(m.t)
	cfg := protocol.Config{
		Policy: protocol.Policy{
			Now:        func() time.Time { return s.now },
			Roots:      func() *certauth.Roots { return roots },
			Registered: func(*certauth.Certificate) bool { return s.registered },
			Private:    s.private,
		},
		Credentials: protocol.Credentials{Certificate: s.own, Signing: signingKey(nameOf(s.role)), Sealing: sealingKey(m.t, nameOf(s.role))},
		Peer:        s.peer,
		Rand:        bytes.NewReader(random(s.role)),
		Encapsulate: m.record.encapsulate,
	}
	if s.askedFor != "" {
		cfg.Expect = must(certauth.ParseIdentity(s.askedFor))(m.t)
	}
	if s.role == protocol.Initiator {
		return protocol.NewInitiator(cfg)
	}
	return protocol.NewResponder(cfg)
}

// flow is one message, and who said it.
type flow struct {
	from protocol.Role
	msg  []byte
}

// The flows of an exchange in which all goes well.
const (
	flowM1 = iota
	flowM2
	flowM3
	flowFinishedI
	flowFinishedR
	toTheEnd
)

// from says whose the n-th flow is.
func from(n int) protocol.Role {
	if n == flowM2 || n == flowFinishedR {
		return protocol.Responder
	}
	return protocol.Initiator
}

func opposite(r protocol.Role) protocol.Role { return protocol.Initiator + protocol.Responder - r }

// script is an exchange as it goes: the judged side is the implementation, and the other side is the
// reference, which says the honest thing until it is to lie.
type script struct {
	*meeting
	side
	flows []flow
}

// play lets the judged side and the reference talk until flow last has been answered. tell, if any, may
// change what the reference says in the n-th flow.
func (m *meeting) play(s side, last int, tell func(n int, x *lie)) []flow {
	machine, err := m.machine(s)
	if err != nil {
		return nil // it does not even begin
	}
	p := &script{m, s, nil}
	if s.role == protocol.Initiator {
		p.step(machine, nil)
	}
	for n := len(p.flows); n < toTheEnd; n = len(p.flows) {
		if from(n) == s.role {
			break // the judged side has refused
		}
		x := p.honestly(n)
		if tell != nil {
			tell(n, x)
		}
		msg := x.message()
		p.flows = append(p.flows, flow{from(n), msg})
		p.step(machine, msg)
		if n == last {
			break
		}
	}
	return p.flows
}

func (p *script) step(machine *protocol.Machine, msg []byte) {
	out, _, _ := machine.Step(msg)
	for r := bytes.NewReader(out); r.Len() > 0; {
		p.flows = append(p.flows, flow{p.role, must(protocol.ReadMessage(r))(p.t)})
	}
}

// transcript is what has been said so far, as the judged side sees it.
func (p *script) transcript() []byte {
	initiator, responder := publicKey(nameOf(p.role)), p.peer
	if p.role == protocol.Responder {
		initiator, responder = responder, initiator
	}
	t := start(initiator, responder)
	for _, f := range p.flows[:min(len(p.flows), flowFinishedI)] {
		t = append(t, f.msg...)
	}
	return t
}

// lie is a message of the reference before it is sent.
type lie struct {
	*script
	kind   byte
	fields fields

	signer     ed25519.PrivateKey // nil: no signature
	label      string
	transcript []byte
	raw        func(msg []byte) []byte // a last change to the bytes, if any
}

func (x *lie) message() []byte {
	msg := x.fields.join(x.kind)
	if x.signer != nil {
		msg = sign(x.signer, x.label, x.transcript, msg)
	}
	if x.raw != nil {
		msg = x.raw(msg)
	}
	return msg
}

// honestly is the n-th flow as it should be.
func (p *script) honestly(n int) *lie {
	other := p.honest(from(n))
	x := &lie{script: p, signer: signingKey(nameOf(from(n))), transcript: p.transcript()}
	x.fields = fields{
		"certificate": other.own,
		"authorities": p.authorities(),
		"time":        be64(uint64(now.Unix())),
		"verdict":     {byte(protocol.Registered)},
		"signature":   make([]byte, 64),
	}
	switch n {
	case flowM1:
		x.kind = typeM1
		x.fields["nonce"], x.fields["ephemeral"] = seed("initiator nonce"), ephemeralKey(p.t).PublicKey().Bytes()
	case flowM2:
		x.kind = typeM2
		x.fields["nonce"] = seed("responder nonce")
		x.fields["enc ephemeral"] = p.enc(ephemeralKey(p.t), toEphemeral)
		x.fields["enc initiator"] = p.enc(sealingKey(p.t, initiatorName), toInitiator)
	case flowM3:
		x.kind = typeM3
		x.fields["enc responder"] = p.enc(sealingKey(p.t, responderName), toResponder)
	default:
		x.kind, x.signer = typeFinished, nil
		x.fields["mac"] = p.schedule().finishedI
		if n == flowFinishedR {
			x.fields["mac"] = p.schedule().finishedR
		}
	}
	x.label = signs[x.kind]
	return x
}

func (p *script) enc(private hpke.PrivateKey, info string) []byte {
	enc, _, err := p.record.encapsulate(private.PublicKey(), info)
	check(p.t, err)
	return enc
}

// authorities is the one authority that everybody here trusts.
func (p *script) authorities() []byte {
	root := must(certauth.ParseRoot(p.roots))(p.t)
	list := must(root.OpenCRL(p.meeting.list, now))(p.t)
	id, hash := root.KeyID(), list.Hash()
	return slices.Concat(id[:], be64(list.Number()), hash[:], be64(0))
}

// schedule is what the reference takes M1, M2 and M3 to lead to.
func (p *script) schedule() schedule {
	secret := func(private hpke.PrivateKey, info string) []byte {
		_, secret, err := p.record.encapsulate(private.PublicKey(), info)
		check(p.t, err)
		return secret
	}
	return derive(p.transcript(),
		secret(ephemeralKey(p.t), toEphemeral),
		secret(sealingKey(p.t, initiatorName), toInitiator),
		secret(sealingKey(p.t, responderName), toResponder))
}

func be64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
