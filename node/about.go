package node

import (
	"crypto/ed25519"
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/home"
)

// About is what a home says of itself, whether or not it is ready to meet others.
type About struct {
	// PeerID follows from the signing key, and so does Key, the hash that an allowlist entry may pin.
	PeerID peer.ID
	Key    [32]byte
	// Identity is the certified one, zero before there is a certificate. It is known of a certificate
	// that has expired or been revoked, too.
	Identity certauth.Identity
	// Certificate is this terminal's own, if it passes the checks that a peer would make; if not,
	// Problem says why: *NotReadyError, *OwnCertificateError, or an error of the trust folder.
	Certificate *certauth.Certificate
	Problem     error
	// Authorities are the trusted ones.
	Authorities []Authority
}

// Authority is an authority that is trusted here.
type Authority struct {
	// Root is its certificate of itself, as it was confirmed.
	Root *certauth.Root
	// List is its latest revocation list, nil if there is none.
	List *certauth.CRL
}

// Describe reads what a home says of itself at now. It needs no more than the keys; without them the
// error is a *NotReadyError.
func Describe(at Home, cfg Config, now time.Time) (About, error) {
	k, err := home.LoadKeys(at)
	if err != nil {
		return About{}, err
	}
	about := About{PeerID: peerID(k), Key: certauth.KeyHash(k.Signing.Public().(ed25519.PublicKey))}
	about.Certificate, about.Problem = about.certificate(at, cfg, k, now)
	about.Identity = certified(about.Certificate, about.Problem)
	return about, nil
}

// certificate notes the trusted authorities, and returns the certificate that passes by them.
func (a *About) certificate(at Home, cfg Config, k home.Keys, now time.Time) (*certauth.Certificate, error) {
	anchors, err := home.ReadTrust(at, now)
	if err != nil {
		return nil, err
	}
	roots, err := home.RootsOf(anchors, cfg.allowStale())
	if err != nil {
		return nil, err
	}
	for _, anchor := range anchors {
		a.Authorities = append(a.Authorities, Authority{anchor.Root, latest(anchor.CRLs)})
	}
	return home.OwnCertificate(at, k, roots, now)
}

// latest is the list with the highest number, nil without one.
func latest(lists []*certauth.CRL) (latest *certauth.CRL) {
	for _, list := range lists {
		if latest == nil || list.Number() > latest.Number() {
			latest = list
		}
	}
	return latest
}

// certified is the identity of a certificate, or of one that was refused after its signature had been
// verified.
func certified(cert *certauth.Certificate, err error) certauth.Identity {
	var refused *certauth.Error
	switch {
	case cert != nil:
		return cert.Identity()
	case errors.As(err, &refused):
		return refused.Identity
	}
	return certauth.Identity{}
}
