package node

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/certexch/certexch/certauth"
)

// OwnCertificateError is this terminal's own certificate failing the checks that a peer would make.
type OwnCertificateError struct{ Err error }

func (e *OwnCertificateError) Error() string {
	return "this terminal's own certificate: " + e.Err.Error()
}

// Unwrap returns the check that failed, a *certauth.Error as a rule.
func (e *OwnCertificateError) Unwrap() error { return e.Err }

// ownCertificate reads the certificate of home, and makes the checks that a peer would make.
func ownCertificate(home Home, k keys, roots *certauth.Roots, now time.Time) (*certauth.Certificate, error) {
	der, err := readPEM(home.certificate(), pemCertificate)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &NotReadyError{Missing: "certificate", Advice: "send the output of `certexch request` to your authority, and `certexch install` the bundle that it returns"}
	}
	if err != nil {
		return nil, err
	}
	cert, err := roots.Open(der, now)
	if err != nil {
		return nil, &OwnCertificateError{err}
	}
	if !k.match(cert) {
		return nil, &OwnCertificateError{ErrOtherKeys}
	}
	return cert, nil
}

// renamed says that the certificate in force is for another identity, or for none that can be read.
func (t *Terminal) renamed(id certauth.Identity) error {
	if id.IsZero() {
		return fmt.Errorf("%s is no certificate of a terminal", t.home.certificate())
	}
	return fmt.Errorf("the certificate is now for %s, and this terminal runs as %s: restart it", id, t.identity)
}
