package certauth

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// badNames are no identities, by the rule that refuses the URI form of each.
var badNames = []struct{ name, check string }{
	{"", "I2"},
	{"acme.example", "I7"},
	{"acme.example/", "I2"},
	{"acme.example/nas/", "I2"},
	{"acme.example//nas", "I2"},
	{"/nas", "I2"},
	{"acme.example/.", "I2"},
	{"acme.example/..", "I2"},
	{"acme.example/a/../nas", "I2"},
	{"acme.example/a/./nas", "I2"},
	{"acme.example/deploy,root", "I2"},
	{"acme.example/a b", "I2"},
	{"acme.example/nas ", "I2"},
	{" acme.example/nas", "I2"},
	{"acme.example/nas\n", "I2"},
	{"acme.example/n%61s", "I2"},
	{"acme.example/a%2eb", "I2"},
	{"acme.example/a%2fb", "I2"},
	{"acme.example/nas\x00", "I2"},
	{"acme.example\x00/nas", "I2"},
	{"acme.example/\u202esan", "I2"},
	{"acme.example/nаs", "I2"}, // Cyrillic а
	{"müller.example/nas", "I2"},
	{"acme.example/\xff", "I2"},
	{"acme.example/a\\b", "I2"},
	{"acme.example/nas?x", "I2"},
	{"acme.example/nas#x", "I2"},
	{"acme.example/*", "I2"},
	{"acme.example:443/nas", "I2"},
	{"user@acme.example/nas", "I2"},
	{"[::1]/nas", "I2"},
	{"ACME.example/nas", "I2"},
	{"SPIFFE://acme.example/nas", "I2"},
	{"https://acme.example/nas", "I2"},
	{"spiffe://spiffe://acme.example/nas", "I2"},
	{"spiffe:/acme.example/nas", "I2"},
	{"acme/nas", "I4"},
	{"localhost/nas", "I4"},
	{"acme.example./nas", "I5"},
	{".acme.example/nas", "I5"},
	{"acme..example/nas", "I5"},
	{"-acme.example/nas", "I5"},
	{"acme-.example/nas", "I5"},
	{"ac_me.example/nas", "I5"},
	{strings.Repeat("a", 64) + ".example/nas", "I5"},
	{"10.0.0.1/nas", "I6"},
	{"acme.7/nas", "I6"},
	{"acme.example/a/b/c/d/e/f/g/h/i", "I7"},
	{"acme.example/Nas", "I8"},
	{"acme.example/-nas", "I8"},
	{"acme.example/a/.b", "I8"},
	{"acme.example/a/-b", "I8"},
	{"acme.example/site.a/nas", "I9"},
	{"acme.example/rival.example/nas", "I9"},
	{"acme.example/" + strings.Repeat("a", 234), "I1"},
	{"acme.example/" + strings.Repeat("a", 10<<10), "I1"},
}

var goodNames = []string{
	"acme.example/nas",
	"acme.example/site-a/nas",
	"acme.example/_/0",
	"acme.example/a/b/c/d/e/f/g/h",
	"acme.example/a/b.c..d-_.",
	"acme.example/site/rival.example",
	"xn--mller-kva.example/nas", // compared as it stands, never decoded
	"0.1.2.3x/nas",
	"a-b--c.example/nas",
	strings.Repeat("a", 63) + ".example/nas",
	"acme.example/" + strings.Repeat("a", 233),
	strings.Repeat("a.", 118) + "examples/x",
}

func TestA3IdentityGrammar(t *testing.T) {
	for _, bad := range badNames {
		for _, s := range []string{bad.name, scheme + bad.name} {
			_, err := ParseIdentity(s)
			var e *NameError
			if !errors.As(err, &e) || e.Name != s {
				t.Errorf("%q: got %v, want a NameError", s, err)
			} else if e.Check != bad.check {
				t.Errorf("%q: refused by %s, want %s", s, e.Check, bad.check)
			}
		}
	}
	for _, s := range goodNames {
		id, err := ParseIdentity(s)
		if err != nil {
			t.Error(err)
		} else if id.String() != s || id.URI() != scheme+s {
			t.Errorf("%q became %q", s, id)
		}
		if again, err := ParseIdentity(id.URI()); err != nil || again != id {
			t.Errorf("%q: the URI is another identity: %v", s, err)
		}
	}
}

func TestA3TrustDomain(t *testing.T) {
	for s, check := range map[string]string{
		"":                        "I4",
		"acme":                    "I4",
		"acme.example.":           "I5",
		"Acme.example":            "I5",
		"acme.example/nas":        "I5",
		"spiffe://acme.example":   "I5",
		"müller.example":          "I5",
		"acme.example\n":          "I5",
		"10.0.0.1":                "I6",
		strings.Repeat("a.", 123): "I3",
	} {
		_, err := ParseTrustDomain(s)
		var e *NameError
		if !errors.As(err, &e) || e.Check != check {
			t.Errorf("%q: got %v, want %s", s, err, check)
		}
	}
	td, err := ParseTrustDomain("acme.example")
	check(t, err)
	if td.String() != "acme.example" || td.IsZero() || td != identity(t, "acme.example/nas").TrustDomain() {
		t.Error("acme.example is not the trust domain of acme.example/nas")
	}
}

// reference is the grammar of the specification once more, as one expression.
var reference = regexp.MustCompile(`^(spiffe://)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z0-9-]*[a-z-][a-z0-9-]*)/[a-z0-9_][a-z0-9_-]*(/[a-z0-9_][a-z0-9._-]*){0,7}$`)

func matchesReference(s string) bool {
	m := reference.FindStringSubmatch(s)
	text := strings.TrimPrefix(s, scheme)
	td, _, _ := strings.Cut(text, "/")
	last := td[strings.LastIndex(td, ".")+1:]
	return m != nil && len(text) <= 246 && len(td) <= 244 &&
		len(last) <= 63 && last[0] != '-' && last[len(last)-1] != '-'
}

func TestA3AcceptedIsCanonical(t *testing.T) {
	name := rapid.StringMatching(`(spiffe://)?([a-zA0-9-]{1,4}[.]?){1,4}(/[a-z0-9_.%A-]{0,3}){0,9}`)
	anything := rapid.OneOf(name, rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		s := anything.Draw(t, "name")
		id, err := ParseIdentity(s)
		if (err == nil) != matchesReference(s) {
			t.Fatalf("%q: got %v, but the grammar says %t", s, err, matchesReference(s))
		}
		if err != nil && !id.IsZero() {
			t.Fatalf("%q: refused, and yet %q", s, id)
		}
		if err == nil && s != id.String() && s != id.URI() {
			t.Fatalf("%q: accepted as %q", s, id)
		}
	})
}

// The attacker is whoever can make a person or a file say a name.
func FuzzParseIdentity(f *testing.F) {
	for _, s := range goodNames {
		f.Add(s)
	}
	for _, s := range badNames {
		f.Add(scheme + s.name)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseIdentity(s)
		if (err == nil) != matchesReference(s) {
			t.Fatalf("%q: got %v, but the grammar says %t", s, err, matchesReference(s))
		}
		if err == nil && s != id.String() && s != id.URI() {
			t.Fatalf("%q: accepted as %q", s, id)
		}
	})
}

// Each name goes through a certificate as well, signed by a real authority: a
// name may be wrong in more ways there.
func TestA3SANMatrix(t *testing.T) {
	a := newAuthority(t, "acme.example")
	roots := a.roots(t, Revocations{})
	good := a.certify(t, identity(t, "acme.example/nas"))
	open := func(names ...*node) error {
		san := sequence(names...).encode()
		_, err := roots.Open(forge(t, good, a.key, setValue(san...).in(t, oidSubjectAltName)), now)
		return err
	}
	for _, bad := range badNames {
		if len(bad.name) < 1000 {
			refused(t, open(leaf(0x86, []byte(scheme+bad.name)...)), WrongProfile, "C9")
		}
	}
	refused(t, open(leaf(0x86, []byte(scheme+strings.Repeat("a", 10<<10))...)), Malformed, "S1")
	many := make([]*node, 1000)
	for i := range many {
		many[i] = leaf(0x86)
	}
	refused(t, open(many...), WrongProfile, "C9")
	for _, s := range goodNames {
		if strings.HasPrefix(s, "acme.example/") {
			check(t, open(leaf(0x86, []byte(scheme+s)...)))
		}
	}
}

func TestShortForm(t *testing.T) {
	td, err := ParseTrustDomain("acme.example")
	check(t, err)
	for s, want := range map[string]string{
		"nas":                       "acme.example/nas",
		"site-a/nas":                "acme.example/site-a/nas",
		"site/nas.old":              "acme.example/site/nas.old",
		"acme.example/nas":          "acme.example/nas",
		"spiffe://acme.example/nas": "acme.example/nas",
		"rival.example/nas":         "rival.example/nas",
	} {
		if id, err := td.ParseIdentity(s); err != nil || id.String() != want {
			t.Errorf("%q: got %q, %v, want %q", s, id, err, want)
		}
	}
	for _, s := range []string{"", "/", "Nas", "nas/", "nas.old", "acme.example", "a,b"} {
		if id, err := td.ParseIdentity(s); err == nil {
			t.Errorf("%q: accepted as %q", s, id)
		}
	}
	if id, err := (TrustDomain{}).ParseIdentity("nas"); err == nil {
		t.Errorf("a short form without a trust domain became %q", id)
	}
}

func TestIdentityAsText(t *testing.T) {
	in := map[string]Identity{"set": identity(t, "acme.example/nas"), "zero": {}}
	text, err := json.Marshal(in)
	check(t, err)
	if want := `{"set":"acme.example/nas","zero":""}`; string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
	var out map[string]Identity
	check(t, json.Unmarshal(text, &out))
	if out["set"] != in["set"] || !out["zero"].IsZero() {
		t.Errorf("got %v, want %v", out, in)
	}
	id := in["set"]
	if id.UnmarshalText([]byte("not an identity")) == nil || !id.IsZero() {
		t.Error("text that is no identity leaves one behind")
	}
}

func TestD11NameErrorIsPrintable(t *testing.T) {
	_, err := ParseIdentity("acme.example/\x1b[2J\u202e\n" + strings.Repeat("\x07", 1000))
	for _, r := range err.Error() {
		if r < 0x20 || r > 0x7e {
			t.Fatalf("the message has the character %U", r)
		}
	}
	if len(err.Error()) > 2000 {
		t.Errorf("the message has %d bytes", len(err.Error()))
	}
}
