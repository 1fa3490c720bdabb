package home

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/certexch/certexch/certauth"
)

// OwnCertificateError is node.OwnCertificateError.
type OwnCertificateError struct {
	// Err is the check that failed.
	Err error
}

func (e *OwnCertificateError) Error() string {
	return "this terminal's own certificate: " + e.Err.Error()
}

// Unwrap returns the check that failed, a *certauth.Error as a rule.
func (e *OwnCertificateError) Unwrap() error { return e.Err }

// OwnCertificate reads the certificate of home, and makes the checks that a peer would make. The
// error is an *OwnCertificateError, a *NotReadyError where there is none, or says what the file is not.
func OwnCertificate(home Home, k Keys, roots *certauth.Roots, now time.Time) (*certauth.Certificate, error) {
	der, err := readPEM(home.Certificate(), pemCertificate)
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

// ShownCertificate reads the certificate that home shows to peers, with the identity that it states: it was
// verified when it was installed. What is no certificate of a terminal is an error.
func ShownCertificate(home Home) (der []byte, id certauth.Identity, err error) {
	if der, err = readPEM(home.Certificate(), pemCertificate); err != nil {
		return nil, id, err
	}
	if id, _ = stated(der); id.IsZero() {
		return nil, id, fmt.Errorf("%s is no certificate of a terminal", home.Certificate())
	}
	return der, id, nil
}
