package spec

import (
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
)

// rootOutOfDate are certificates that are in time while their root is not.
func rootOutOfDate(t testing.TB, acme *authority) (all []*vector) {
	for _, c := range []struct {
		name, expect, check, comment, from, to string
	}{
		{"root-not-yet-valid", "not-yet-valid", "C14", "the root is valid from the next second on", "261123120001Z", "270101000000Z"},
		{"root-expired", "expired", "C15", "the root was valid until the second before", "260101000000Z", "261123115959Z"},
	} {
		root := issuing(t, "acme", forge(acme.root.DER(), acme.key(), func(tbs *element) {
			tbs.at(atValidity).parts = []*element{primitive(utcTime, []byte(c.from)...), primitive(utcTime, []byte(c.to)...)}
		}))
		good := acme.certificate(t, "nas", "nas")
		v := newVector("certificates/"+c.name, c.expect, c.check, "certificate.md 7", c.comment)
		v.set("now", now.Format(time.RFC3339))
		v.add(kindCertificate, good)
		v.add(kindTrusted, root.root.DER())
		v.add(kindTrustedList, root.freshList(t, certauth.Revocations{}))
		all = append(all, v)
	}
	return all
}

// roots are certificates that an authority might have.
func roots(t testing.TB, acme *authority) (all []*vector) {
	good := acme.root.DER()
	add := func(name, expect, check, comment string, der []byte) *vector {
		v := newVector("certificates/authority-"+name, expect, check, "certificate.md 5", comment)
		v.add(kindRoot, der)
		all = append(all, v)
		return v
	}
	add("good", "success", "", "a root", good).set("trust-domain", "acme.example")
	for _, b := range append(commonBroken(atRootKeyID), []broken{
		{"extension-unknown", "wrong-profile", "R2", "an extension that nobody knows", func(tbs *element) { extensions(tbs).insert(4, other(false, nil)) }},
		{"not-authority", "wrong-profile", "R3", "CA is not true", replacing(atConstraints, constructed(sequence))},
		{"path-length", "wrong-profile", "R3", "no limit to the length of the path", replacing(atConstraints, constructed(sequence, primitive(boolean, 0xff)))},
		{"no-crl-sign", "wrong-profile", "R4", "keyCertSign without cRLSign", replacing(atKeyUsage, primitive(bitString, 2, 4))},
		{"names-two", "wrong-profile", "R5", "two trust domains", func(tbs *element) {
			names := decode(extensions(tbs).at(atNames).content().value)
			names.at(0).insert(1, names.at(0, 0))
			extensions(tbs).at(atNames).content().value = names.encode()
		}},
		{"names-not-critical", "wrong-profile", "R5", "the name constraints are not critical", flipCritical(atNames)},
		{"names-other", "wrong-profile", "R6", "the trust domain is not that of its name", func(tbs *element) {
			names := decode(extensions(tbs).at(atNames).content().value)
			names.at(0, 0, 0).value = []byte("other.example")
			extensions(tbs).at(atNames).content().value = names.encode()
		}},
		{"issuer", "wrong-profile", "R6", "the issuer is not named as an authority is", func(tbs *element) { tbs.parts[atIssuer] = constructed(sequence) }},
		{"subject", "wrong-profile", "R7", "the subject is not named as an authority is", func(tbs *element) { tbs.parts[atSubject] = constructed(sequence) }},
	}...) {
		der := forge(good, acme.key(), b.edit)
		add(b.name, b.expect, b.check, b.comment, der)
	}
	add("signature", "untrusted", "R1", "not signed with its own key", forge(good, signingKey("other"), func(*element) {}))
	return all
}
