package certauth

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// An Anchor is an authority that is trusted here, with what it has revoked.
type Anchor struct {
	// Root is the authority's certificate of itself.
	Root *Root

	// CRLs are revocation lists of that root. All are binding: revocation is
	// permanent, so a list may be kept beside its successor. The one with the
	// highest number decides whether the information is fresh. With none,
	// every certificate of the root is refused.
	CRLs []*CRL

	// AllowStale accepts a list past its time. It does not make up for a list
	// that is missing.
	AllowStale bool
}

// latest returns the list with the highest number, or nil. Of two lists with
// one number it takes the one with the greater hash, so that terminals which
// hold the same lists say the same.
func (a *Anchor) latest() *CRL {
	if len(a.CRLs) == 0 {
		return nil
	}
	return slices.MaxFunc(a.CRLs, func(x, y *CRL) int {
		return cmp.Or(cmp.Compare(x.number, y.number), bytes.Compare(x.hash[:], y.hash[:]))
	})
}

// Roots are the authorities trusted here. They are immutable and may be used
// concurrently; nil trusts nobody.
type Roots struct {
	anchors map[string]*Anchor // by the DER of the authority's name
}

// NewRoots returns the set of these authorities. There must be at least one,
// and no two with the same trust domain or key.
func NewRoots(anchors ...Anchor) (*Roots, error) {
	if len(anchors) == 0 {
		return nil, errors.New("no authority to trust")
	}
	roots := &Roots{make(map[string]*Anchor)}
	keys := make(map[[32]byte]bool)
	for _, a := range anchors {
		if a.Root == nil {
			return nil, errors.New("an authority without a root certificate")
		}
		name := string(authorityName(a.Root.trustDomain))
		if roots.anchors[name] != nil || keys[a.Root.KeyID()] {
			return nil, fmt.Errorf("a second authority for the trust domain %s, or with its key", a.Root.trustDomain)
		}
		for _, l := range a.CRLs {
			if l == nil || l.rootID != a.Root.Fingerprint() {
				return nil, fmt.Errorf("a revocation list that is not of the authority of %s", a.Root.trustDomain)
			}
		}
		keys[a.Root.KeyID()] = true
		roots.anchors[name] = &Anchor{a.Root, slices.Clone(a.CRLs), a.AllowStale}
	}
	return roots, nil
}

// Open is the one door from bytes to an identity. It returns the certificate
// that der holds, if it is valid at now and not revoked; if not, an [*Error]
// with the class of the first check that refuses. The checks come in the order
// [Malformed], [Untrusted], [WrongProfile], [NotYetValid] or [Expired],
// [Revoked], [StaleList]; see section 7 of spec/certificate.md.
func (r *Roots) Open(der []byte, now time.Time) (*Certificate, error) {
	parsed, err := parseCertificate(der)
	if err != nil {
		return nil, err
	}
	anchor := r.anchor(parsed.issuer)
	if anchor == nil { // C1
		return nil, refuse(Untrusted, "C1", "the issuer is not an authority that is trusted here")
	}
	c, err := verifyLeaf(der, parsed, anchor.Root)
	if err != nil {
		return nil, err
	}
	if err := c.valid(anchor, now); err != nil {
		return nil, err
	}
	return c, nil
}

// Recheck makes the checks of Open again that time, newer lists or other roots can change, for a
// certificate that was opened before: whether its root is still trusted, its validity, and its
// revocation. It costs no signature. The error is an [*Error].
func (r *Roots) Recheck(c *Certificate, now time.Time) error {
	anchor := r.anchor(authorityName(c.root.trustDomain))
	if anchor == nil || anchor.Root.Fingerprint() != c.root.Fingerprint() { // C1
		refusal := refuse(Untrusted, "C1", "its authority is no longer trusted here")
		refusal.Identity = c.identity
		return refusal
	}
	return c.valid(anchor, now)
}

// valid makes the checks that depend on the time and on revocation lists.
func (c *Certificate) valid(a *Anchor, now time.Time) error {
	refusal := c.timely(now)
	if refusal == nil {
		refusal = c.inForce(a, now)
	}
	if refusal == nil {
		return nil
	}
	refusal.Identity = c.identity
	return refusal
}

func (r *Roots) anchor(issuer []byte) *Anchor {
	if r == nil {
		return nil
	}
	return r.anchors[string(issuer)]
}

// timely checks the validity of the certificate and of its root.
func (c *Certificate) timely(now time.Time) *Error {
	if now.Before(c.notBefore) { // C12
		return refuse(NotYetValid, "C12", "the certificate is valid from %s", stamp(c.notBefore))
	}
	if now.After(c.notAfter) { // C13
		return refuse(Expired, "C13", "the certificate was valid until %s", stamp(c.notAfter))
	}
	if now.Before(c.root.notBefore) { // C14
		return refuse(NotYetValid, "C14", "its root is valid from %s", stamp(c.root.notBefore))
	}
	if now.After(c.root.notAfter) { // C15
		return refuse(Expired, "C15", "its root was valid until %s", stamp(c.root.notAfter))
	}
	return nil
}

// inForce checks the certificate against the lists of its authority.
func (c *Certificate) inForce(a *Anchor, now time.Time) *Error {
	for _, l := range a.CRLs {
		if l.ContainsSerial(c.serial) { // C16
			return refuse(Revoked, "C16", "list %d has its serial number", l.number)
		}
		if l.ContainsKey(c.KeyHash()) { // C17
			return refuse(Revoked, "C17", "list %d has its key", l.number)
		}
		if l.ContainsIdentity(c.identity, c.notBefore) { // C18
			return refuse(Revoked, "C18", "list %d has its identity", l.number)
		}
	}
	latest := a.latest()
	if latest == nil { // C19
		return refuse(StaleList, "C19", "there is no revocation list of its authority")
	}
	if !a.AllowStale && now.After(latest.nextUpdate) { // C20
		return refuse(StaleList, "C20", "the revocation list was valid until %s", stamp(latest.nextUpdate))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// An AuthorityState says what a terminal knows of one authority. Terminals
// compare them to learn who has the newer list.
type AuthorityState struct {
	KeyID     [32]byte // of the root
	CRLNumber uint64   // of the latest list; 0 if there is none
	CRLHash   [32]byte // its SHA-256; zero if there is none
}

// Authorities returns the state of each authority, sorted by KeyID.
func (r *Roots) Authorities() []AuthorityState {
	if r == nil {
		return nil
	}
	states := make([]AuthorityState, 0, len(r.anchors))
	for _, a := range r.anchors {
		s := AuthorityState{KeyID: a.Root.KeyID()}
		if l := a.latest(); l != nil {
			s.CRLNumber, s.CRLHash = l.number, l.hash
		}
		states = append(states, s)
	}
	slices.SortFunc(states, func(x, y AuthorityState) int { return bytes.Compare(x.KeyID[:], y.KeyID[:]) })
	return states
}
