package certauth

import "fmt"

// A Failure is the class of reason for which bytes were refused. The words are
// stable: they appear in logs, in JSON and in the test vectors.
type Failure string

const (
	// Malformed: not the encoding, the size, the algorithm or the kind of key
	// that the specification allows. Found before any signature is verified.
	Malformed Failure = "malformed"
	// Untrusted: not signed by an authority that is known here.
	Untrusted Failure = "untrusted"
	// WrongProfile: signed by a known authority, but not a certificate, request
	// or list as the specification has it.
	WrongProfile Failure = "wrong-profile"
	// NotYetValid: genuine, but for a time that has not come.
	NotYetValid Failure = "not-yet-valid"
	// Expired: genuine, but for a time that is over.
	Expired Failure = "expired"
	// Revoked: named by a revocation list of its authority.
	Revoked Failure = "revoked"
	// StaleList: the authority's revocation list is missing or past its time,
	// so nobody can tell whether the certificate has been revoked.
	StaleList Failure = "stale-list"
)

// An Error says why bytes were refused. Every function of this package that
// takes bytes from elsewhere returns it, for use with [errors.As].
type Error struct {
	// Failure is the kind of it, to branch on.
	Failure Failure

	// Check is the number of the check in spec/certificate.md that refused,
	// such as "C14".
	Check string

	// Identity is whose certificate was refused. It is zero until the
	// authority's signature has been verified: before that, nobody has said so.
	Identity Identity

	// Detail says in words what is wrong.
	Detail string
}

func (e *Error) Error() string {
	if e.Identity.IsZero() {
		return fmt.Sprintf("%s: %s (%s)", e.Failure, e.Detail, e.Check)
	}
	return fmt.Sprintf("%s: %s: %s (%s)", e.Identity, e.Failure, e.Detail, e.Check)
}

// A NameError reports a string that is not a terminal identity or not a trust
// domain. The string may come from anywhere; Error prints it quoted and cut.
type NameError struct {
	Name   string // as given
	Check  string // the rule of spec/certificate.md that it breaks, such as "I5"
	Detail string // the same in words
}

func (e *NameError) Error() string {
	name := e.Name
	if len(name) > maxIdentity {
		name = name[:maxIdentity]
	}
	return fmt.Sprintf("bad name %+q: %s (%s)", name, e.Detail, e.Check)
}

// A rule is one numbered check of spec/certificate.md: whether it holds, and
// what to say when it does not.
type rule struct {
	check  string
	holds  bool
	detail string
}

// firstBroken returns the first of the rules that does not hold, or nil.
func firstBroken(rules []rule) *rule {
	for i := range rules {
		if !rules[i].holds {
			return &rules[i]
		}
	}
	return nil
}

// demand returns an [Error] of class f for the first of the rules that does not
// hold, or nil.
func demand(f Failure, rules ...rule) error {
	if r := firstBroken(rules); r != nil {
		return &Error{Failure: f, Check: r.check, Detail: r.detail}
	}
	return nil
}

// refuse returns an [Error] whose detail has values in it.
func refuse(f Failure, check, format string, args ...any) *Error {
	return &Error{Failure: f, Check: check, Detail: fmt.Sprintf(format, args...)}
}
