package spec

import (
	"bytes"
	"testing"

	"github.com/certexch/certexch/certauth"
)

// asked is the list of extensions in a request.
func asked(info *element) *element { return info.at(3, 0, 1, 0) }

func requests(t testing.TB) (all []*vector) {
	wish := must(certauth.ParseIdentity("acme.example/nas"))(t)
	good := request(t, "nas", wish)
	add := func(name, expect, check, comment string, der []byte) *vector {
		v := newVector("requests/"+name, expect, check, "certificate.md 4", comment)
		v.add(kindRequest, der)
		all = append(all, v)
		return v
	}
	add("good", "success", "", "keys to certify, and the name that the terminal wishes for", good).set("identity", wish.String())
	add("no-wish", "success", "", "keys to certify", request(t, "nas", certauth.Identity{}))
	for name, w := range wrapped(good) {
		add(name, "malformed", w.check, w.comment, w.der)
	}
	add("proof-missing", "untrusted", "Q4", "signed with another key than its own", forge(good, signingKey("desk"), func(*element) {}))
	add("key-altered", "untrusted", "Q4", "the sealing key was exchanged after it was signed", outside(good, func(o *element) {
		sealing(func(k []byte) []byte { return append(k[:len(k)-1:len(k)-1], k[len(k)-1]^1) })(asked(o.at(0)))
	}))
	keys := func(edit func(key *element)) func(*element) { return func(info *element) { edit(info.at(2)) } }
	for _, b := range append(sealingBroken(asked), []broken{
		{"size", "malformed", "S1", "more than 4096 bytes", func(i *element) { asked(i).insert(0, other(false, make([]byte, 4096))) }},
		{"field-missing", "malformed", "Q1", "no attributes", func(i *element) { i.remove(3) }},
		{"version-2", "malformed", "Q2", "version 2", func(i *element) { i.at(0).value = []byte{1} }},
		{"key-algorithm", "malformed", "Q3", "an X25519 key", keys(func(k *element) { k.parts[0] = algorithmX25519 })},
		{"key-not-canonical", "malformed", "K2", "an Ed25519 key whose y is not below p", keys(func(k *element) { k.at(1).value = append([]byte{0}, ed25519NotBelowP...) })},
		{"key-low-order", "malformed", "K3", "an Ed25519 key of order 4, for which the proof proves nothing", keys(func(k *element) { k.at(1).value = append([]byte{0}, ed25519LowOrder...) })},
		{"subject", "wrong-profile", "Q5", "a subject with a name", func(i *element) {
			name := constructed(sequence, primitive(objectID, 0x55, 4, 3), primitive(utf8String, []byte("nas")...))
			i.at(1).insert(0, constructed(set, name))
		}},
		{"attribute-unknown", "wrong-profile", "Q6", "a second attribute", func(i *element) {
			i.at(3).insert(1, constructed(sequence, primitive(objectID, 0x2a, 3, 4), constructed(set)))
		}},
		{"sealing-key-missing", "wrong-profile", "Q7", "no sealing key", func(i *element) { asked(i).remove(0) }},
		{"sealing-key-critical", "wrong-profile", "Q7", "the extension with the sealing key is critical", func(i *element) { asked(i).at(0).insert(1, primitive(boolean, 0xff)) }},
		{"wish-two", "wrong-profile", "Q8", "two names wished for", func(i *element) {
			e := asked(i).at(1).content()
			e.value = constructed(sequence, uri("spiffe://acme.example/nas"), uri("spiffe://acme.example/desk")).encode()
		}},
		{"wish-not-canonical", "wrong-profile", "Q8", "a name that is not in its one spelling", func(i *element) {
			asked(i).at(1).content().value = constructed(sequence, uri("spiffe://acme.example/NAS")).encode()
		}},
		{"wishes-to-be-authority", "wrong-profile", "Q9", "it asks for CA as well", func(i *element) {
			ca := constructed(sequence, primitive(objectID, 0x55, 0x1d, 0x13), primitive(octetString, 0x30, 3, 1, 1, 0xff))
			asked(i).insert(2, ca)
		}},
		{"wishes-for-something-else", "wrong-profile", "Q9", "it asks for something unknown, and for no name", func(i *element) { asked(i).parts[1] = other(false, nil) }},
	}...) {
		add(b.name, b.expect, b.check, b.comment, forge(good, signingKey("nas"), b.edit))
	}
	return all
}

// judgeRequest runs a vector of requests/.
func judgeRequest(t *testing.T, v *vector) {
	r, err := certauth.ParseRequest(v.one(t, kindRequest))
	verdict(t, v, err)
	if err != nil {
		return
	}
	if !r.SigningKey.Equal(publicKey("nas")) || !bytes.Equal(r.SealingKey, sealingKey(t, "nas").PublicKey().Bytes()) {
		t.Error("the keys are others")
	}
	if wish := v.get("identity"); r.Identity.IsZero() != (wish == "") || wish != "" && r.Identity.String() != wish {
		t.Errorf("the wish is %s", r.Identity)
	}
}
