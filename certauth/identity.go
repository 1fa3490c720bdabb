package certauth

import (
	"slices"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

const (
	scheme         = "spiffe://"
	maxIdentity    = 255                                   // bytes, of the URI
	maxTrustDomain = maxIdentity - len(scheme) - len("/x") // so that a terminal fits
	maxLabel       = 63                                    // bytes, as in DNS
	maxSegments    = 8
)

// A TrustDomain is the namespace of one authority, such as acme.example.
// It is comparable; the zero value is none.
type TrustDomain struct{ name string }

// ParseTrustDomain returns the trust domain that s names, or a [*NameError].
// See section 1 of spec/certificate.md for the grammar.
func ParseTrustDomain(s string) (TrustDomain, error) {
	if r := firstBroken(trustDomainRules(s)); r != nil {
		return TrustDomain{}, &NameError{Name: s, Check: r.check, Detail: r.detail}
	}
	return TrustDomain{s}, nil
}

// String returns the name, such as acme.example, and "" for the zero value.
func (td TrustDomain) String() string { return td.name }

// IsZero reports whether td is the zero value.
func (td TrustDomain) IsZero() bool { return td.name == "" }

// ParseIdentity reads what a person may type inside td: all that
// [ParseIdentity] takes, and the short form without the trust domain, such as
// site-a/nas. A first segment with a dot in it is always a trust domain, so the
// two cannot be confused. The identity returned may be of another trust domain
// than td. The error is a [*NameError].
func (td TrustDomain) ParseIdentity(s string) (Identity, error) {
	first, _, _ := strings.Cut(s, "/")
	if td.IsZero() || strings.ContainsAny(first, ".:") {
		return ParseIdentity(s)
	}
	return ParseIdentity(td.name + "/" + s)
}

// An Identity is the certified name of one terminal: a SPIFFE ID, narrowed
// until each has exactly one spelling. It is comparable, and == is the only
// comparison there is; the zero value is none.
type Identity struct{ text string }

// ParseIdentity returns the identity that s names, as a URI
// (spiffe://acme.example/site-a/nas) or in text form (acme.example/site-a/nas).
// It accepts the canonical spelling only: s is then what URI or String returns.
// The error is a [*NameError]. See section 1 of spec/certificate.md.
func ParseIdentity(s string) (Identity, error) {
	text := strings.TrimPrefix(s, scheme)
	if len(text) > maxIdentity-len(scheme) { // I1
		return Identity{}, &NameError{Name: s, Check: "I1", Detail: "an identity has at most 255 bytes"}
	}
	id, err := spiffeid.FromString(scheme + text)
	if err != nil { // I2
		return Identity{}, &NameError{Name: s, Check: "I2", Detail: err.Error()}
	}
	rules := append(trustDomainRules(id.TrustDomain().Name()), pathRules(id.Path())...)
	if r := firstBroken(rules); r != nil {
		return Identity{}, &NameError{Name: s, Check: r.check, Detail: r.detail}
	}
	return Identity{text}, nil
}

// URI returns the form that certificates hold, such as
// spiffe://acme.example/site-a/nas, and "" for the zero value.
func (id Identity) URI() string {
	if id.IsZero() {
		return ""
	}
	return scheme + id.text
}

// String returns the text form, such as acme.example/site-a/nas, and "" for
// the zero value. It holds only characters that are safe to print.
func (id Identity) String() string { return id.text }

// TrustDomain returns the trust domain that the identity lies in.
func (id Identity) TrustDomain() TrustDomain {
	name, _, _ := strings.Cut(id.text, "/")
	return TrustDomain{name}
}

// IsZero reports whether id is the zero value.
func (id Identity) IsZero() bool { return id.text == "" }

// MarshalText returns the text form; nothing for the zero value.
func (id Identity) MarshalText() ([]byte, error) { return []byte(id.text), nil }

// UnmarshalText takes what [ParseIdentity] takes; nothing is the zero value.
func (id *Identity) UnmarshalText(text []byte) (err error) {
	*id = Identity{}
	if len(text) > 0 {
		*id, err = ParseIdentity(string(text))
	}
	return err
}

func trustDomainRules(name string) []rule {
	if len(name) > maxTrustDomain { // I3
		return []rule{{"I3", false, "a trust domain has at most 244 bytes"}}
	}
	labels := strings.Split(name, ".")
	last := labels[len(labels)-1]
	return []rule{
		{"I4", len(labels) >= 2, "a trust domain has two or more labels, as in acme.example"},
		{"I5", !slices.ContainsFunc(labels, notLabel), "each label of a trust domain has 1 to 63 of a-z, 0-9 and -, and no - at its ends"},
		{"I6", strings.Trim(last, digits) != "", "the last label of a trust domain is not a number"},
	}
}

func pathRules(path string) []rule {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	return []rule{
		{"I7", path != "" && len(segments) <= maxSegments, "an identity has 1 to 8 segments after its trust domain"},
		{"I8", !slices.ContainsFunc(segments, notSegment), "a segment has only a-z, 0-9, _, . and -, and begins with none of the last two"},
		{"I9", !strings.Contains(segments[0], "."), "the first segment has no dot"},
	}
}

const (
	digits  = "0123456789"
	letters = "abcdefghijklmnopqrstuvwxyz"
)

func notLabel(s string) bool {
	return s == "" || len(s) > maxLabel || !only(s, letters+digits+"-") || s[0] == '-' || s[len(s)-1] == '-'
}

func notSegment(s string) bool {
	return s == "" || !only(s, letters+digits+"_.-") || s[0] == '.' || s[0] == '-'
}

// only reports whether s consists of the characters of set alone.
func only(s, set string) bool { return strings.Trim(s, set) == "" }
