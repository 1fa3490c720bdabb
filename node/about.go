package node

import (
	"crypto/ed25519"
	"errors"
	"log/slog"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/certexch/certexch/certauth"
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
	Root *certauth.Root
	// List is its latest revocation list, nil if there is none.
	List *certauth.CRL
}

// Describe reads what home says of itself at now. It needs no more than the keys; without them the
// error is a *NotReadyError.
func Describe(home Home, cfg Config, now time.Time) (About, error) {
	k, err := loadKeys(home)
	if err != nil {
		return About{}, err
	}
	about := About{PeerID: peerID(k), Key: certauth.KeyHash(k.signing.Public().(ed25519.PublicKey))}
	t := &Terminal{home: home, env: Environment{Now: func() time.Time { return now }}, keys: k}
	t.trust = &trust{dir: home.trust(), allowStale: cfg.allowStale(), now: t.env.Now, log: slog.New(slog.DiscardHandler)}
	roots, err := t.trust.load()
	if err == nil {
		about.Authorities, err = trusted(home, now)
	}
	if err == nil {
		about.Certificate, err = t.ownCertificate(roots)
	}
	about.Problem = err
	about.Identity = certified(about.Certificate, err)
	return about, nil
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

func trusted(home Home, now time.Time) ([]Authority, error) {
	folders, err := anchorFolders(home.trust())
	if err != nil {
		return nil, err
	}
	var all []Authority
	for _, folder := range folders {
		anchor, err := readAnchor(folder, now)
		if err != nil {
			return nil, err
		}
		a := Authority{Root: anchor.Root}
		for _, list := range anchor.CRLs {
			if a.List == nil || list.Number() > a.List.Number() {
				a.List = list
			}
		}
		all = append(all, a)
	}
	return all, nil
}
