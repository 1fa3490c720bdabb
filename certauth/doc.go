// Package certauth says who a terminal is: it issues, verifies and revokes the
// certificates that terminals show each other.
//
// A terminal has an [Identity], a name such as acme.example/site-a/nas. The part
// before the first slash is the [TrustDomain], the namespace of one authority.
// Identities have one spelling each and are compared with ==.
//
// A terminal also has two key pairs, which it makes itself: an Ed25519 key that
// signs, and an X-Wing key that others seal data to. A certificate binds both
// public keys to the identity. It is an X.509 certificate of a narrow profile,
// in which nearly every field has exactly one permitted value, so that this
// package compares where others interpret. The profile is in
// spec/certificate.md, where each check has a number; an [Error] names the
// number of the check that refused.
//
// # Verifying
//
// An authority is trusted through its [Root], which [ParseRoot] reads. What it
// has revoked is in a [CRL], which [Root.OpenCRL] reads. An [Anchor] joins the
// two, and [NewRoots] makes the set of all authorities that are trusted here.
// [Roots.Open] is then the only door from bytes to a [Certificate]:
//
//	roots, err := certauth.NewRoots(certauth.Anchor{Root: root, CRLs: []*certauth.CRL{crl}})
//	cert, err := roots.Open(der, time.Now())
//	fmt.Println(cert.Identity())
//
// Who holds a *Certificate knows that an authority trusted here has signed it,
// that it has the profile, that it was valid at the time given, and that no list
// revokes it. What is missing refuses: no root, no list, or a list past its time
// unless [Anchor.AllowStale] permits it.
//
// A refusal is an [*Error] whose [Failure] is a stable word, from the first check
// that fails. The order is part of the specification: what is [Malformed] is
// found before any signature is verified, and whether a certificate has
// [Expired] or was [Revoked] is told only of one that is genuine.
//
// # Issuing
//
// A terminal asks with [CreateRequest]. The authority reads that with
// [ParseRequest], decides on the identity itself, and signs with
// [Issuer.Certify]; of the request, only the two keys reach the certificate.
// [Issuer.SignCRL] signs the list of what is revoked, and [NewRoot] makes the
// authority's own certificate. An issuer opens whatever it has signed before it
// hands it out, so what it issues is what terminals accept. A [Bundle] carries
// certificate, root and list in one file.
//
// # Purity
//
// The package reads no clock, no file and no network, and keeps no state. Time
// and randomness are arguments, and all values that it returns are immutable.
// Input is bounded before it is parsed: 4 KiB for a certificate or a request,
// 16 MiB for a list.
package certauth
