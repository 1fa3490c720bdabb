package home

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/durable"
)

// What Install refuses with: each is node's of its name.
var (
	ErrRootNotConfirmed = errors.New("the authority's root is not confirmed")
	ErrOtherRoot        = errors.New("another root is trusted for this trust domain already")
	ErrOlderList        = errors.New("a newer revocation list is in force already")
	ErrOlderCertificate = errors.New("a newer certificate is in force already")
	ErrOtherKeys        = errors.New("the certificate is not of this terminal's keys")
)

// Installed is node.Installed.
type Installed struct {
	Certificate *certauth.Certificate
	Root        *certauth.Root // an authority that was not trusted before
	CRL         *certauth.CRL  // the revocation list
	// Former is the identity that this terminal had until now, if Certificate gives it another: others
	// have registered it under that one.
	Former certauth.Identity
}

// Install is node.Install.
func Install(home Home, bundle []byte, now time.Time, confirm func(*certauth.Root) error) (Installed, error) {
	if err := CheckFormat(home); err != nil {
		return Installed{}, err
	}
	parsed, err := certauth.ParseBundle(bundle)
	if err != nil {
		return Installed{}, err
	}
	in := installation{home: home, now: now, confirm: confirm}
	if err := in.root(parsed.Root, parsed.CRL); err != nil {
		return Installed{}, err
	}
	if err := in.list(parsed.CRL, parsed.Leaf == nil); err != nil {
		return Installed{}, err
	}
	if err := in.certificate(parsed.Leaf); err != nil {
		return Installed{}, err
	}
	return in.done, in.store()
}

// installation is one bundle on its way: verified step by step, then stored.
type installation struct {
	home    Home
	now     time.Time
	confirm func(*certauth.Root) error

	anchor certauth.Anchor // the authority that the bundle is of, as it will be trusted
	done   Installed
}

// root finds the authority of the bundle: its own root, or the trusted one that signed its list.
func (in *installation) root(der, crl []byte) error {
	if der == nil {
		return in.knownRoot(crl)
	}
	root, err := certauth.ParseRoot(der)
	if err != nil {
		return err
	}
	dir := filepath.Join(in.home.trust(), root.TrustDomain().String())
	known, err := readAnchor(dir, in.now)
	switch {
	case errors.Is(err, errNoRoot):
		if in.confirm == nil {
			return ErrRootNotConfirmed
		}
		in.anchor, in.done.Root = certauth.Anchor{Root: root}, root
		return in.confirm(root)
	case err != nil:
		return err
	case !bytes.Equal(known.Root.DER(), der):
		return fmt.Errorf("%s: %w", root.TrustDomain(), ErrOtherRoot)
	}
	in.anchor = known
	return nil
}

// knownRoot finds the trusted authority whose signature a revocation list carries.
func (in *installation) knownRoot(crl []byte) error {
	if crl == nil {
		return errors.New("the bundle holds neither a root nor a revocation list")
	}
	dirs, err := anchorFolders(in.home.trust())
	if err != nil {
		return err
	}
	var last error = &NotReadyError{Missing: "trusted authority", Advice: "install the bundle of a certificate first"}
	for _, dir := range dirs {
		anchor, err := readAnchor(dir, in.now)
		if err != nil { // even a list that verifies waits until the others do
			return err
		}
		if _, last = anchor.Root.OpenCRL(crl, in.now); last == nil {
			in.anchor = anchor
			return nil
		}
	}
	return last
}

// list checks the revocation list. One that is older than the list in force changes nothing: beside a
// certificate it is passed over, alone it is refused.
func (in *installation) list(der []byte, alone bool) error {
	if der == nil {
		return nil
	}
	list, err := in.anchor.Root.OpenCRL(der, in.now)
	if err != nil {
		return err
	}
	for _, known := range in.anchor.CRLs {
		if known.Hash() == list.Hash() {
			return nil
		}
		if known.Number() > list.Number() {
			if alone {
				return ErrOlderList
			}
			return nil
		}
	}
	in.anchor.CRLs = append(in.anchor.CRLs, list)
	in.done.CRL = list
	return nil
}

func (in *installation) certificate(der []byte) error {
	if der == nil {
		return nil
	}
	roots, err := certauth.NewRoots(in.anchor)
	if err != nil {
		return err
	}
	cert, err := roots.Open(der, in.now)
	if err != nil {
		return err
	}
	own, err := LoadKeys(in.home)
	if err != nil {
		return err
	}
	if !own.match(cert) {
		return fmt.Errorf("%s: %w", cert.Identity(), ErrOtherKeys)
	}
	return in.replace(cert)
}

// replace has the certificate take the place of the one in force, whose dates may be over. One that
// cannot be read is replaced without a question.
func (in *installation) replace(cert *certauth.Certificate) error {
	der, err := readPEM(in.home.Certificate(), pemCertificate)
	if err == nil && bytes.Equal(der, cert.DER()) {
		return nil
	}
	in.done.Certificate = cert
	identity, notBefore := stated(der)
	switch {
	case identity != cert.Identity():
		in.done.Former = identity
	case cert.NotBefore().Before(notBefore):
		return fmt.Errorf("%s: %w, valid from %s; this one is from %s", identity, ErrOlderCertificate,
			notBefore.UTC().Format(time.RFC3339), cert.NotBefore().UTC().Format(time.RFC3339))
	}
	return nil
}

// stated returns what a certificate says that was verified when it was installed; zero for none.
func stated(der []byte) (id certauth.Identity, notBefore time.Time) {
	parsed, err := x509.ParseCertificate(der)
	if err != nil || len(parsed.URIs) != 1 {
		return id, notBefore
	}
	if id, err = certauth.ParseIdentity(parsed.URIs[0].String()); err != nil {
		return id, notBefore
	}
	return id, parsed.NotBefore
}

// match reports whether cert certifies exactly these keys.
func (k Keys) match(cert *certauth.Certificate) bool {
	return cert.SigningKey().Equal(k.Signing.Public()) && bytes.Equal(cert.SealingKey(), k.Sealing.PublicKey().Bytes())
}

// store writes root, list and certificate, in this order: each is of use without the next.
func (in *installation) store() error {
	dir := in.home.trust()
	if in.done.Root != nil {
		if err := storeRoot(dir, in.done.Root); err != nil {
			return err
		}
	}
	if in.done.CRL != nil {
		if err := storeCRL(dir, in.anchor.Root, in.done.CRL); err != nil {
			return err
		}
	}
	if in.done.Certificate != nil {
		return durable.WriteFile(in.home.Certificate(), encodePEM(pemCertificate, in.done.Certificate.DER()), 0o600)
	}
	return nil
}
