package node

import (
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/home"
)

// What a terminal is on disk is package home's; these are its names here.
type (
	// Home is where a terminal keeps its configuration and its state. Every command and the running node find
	// the same one.
	Home = home.Home
	// Installed says what Install has put in force; what is nil was not in the bundle or was there.
	Installed = home.Installed
	// NotReadyError is a home from which something is missing that the command needs: it says what, and how to
	// make it.
	NotReadyError = home.NotReadyError
	// FormatError is a state folder in a format that this program does not know. It is not touched.
	FormatError = home.FormatError
	// TrustError is a file of the trust folder that cannot be used. Nobody is trusted until it is mended: what the
	// file said may have been that somebody is revoked.
	TrustError = home.TrustError
	// OwnCertificateError is this terminal's own certificate failing the checks that a peer would make.
	OwnCertificateError = home.OwnCertificateError
)

var (
	// ErrExists is returned by Init for a home that has all that Init makes.
	ErrExists = home.ErrExists
	// ErrRootNotConfirmed is returned by Install when the first root of a trust domain is not the one
	// that was confirmed.
	ErrRootNotConfirmed = home.ErrRootNotConfirmed
	// ErrOtherRoot is returned by Install for a second root of a trust domain.
	ErrOtherRoot = home.ErrOtherRoot
	// ErrOlderList is returned by Install for a revocation list that is older than the one in force.
	ErrOlderList = home.ErrOlderList
	// ErrOlderCertificate is returned by Install for a certificate that is older than the one in force
	// for the same identity.
	ErrOlderCertificate = home.ErrOlderCertificate
	// ErrOtherKeys is returned by Install for a certificate of another terminal's keys.
	ErrOtherKeys = home.ErrOtherKeys
)

// HomeAt is the home inside one folder: dir/config.toml and dir/state.
func HomeAt(dir string) (Home, error) { return home.At(dir) }

// DefaultHome is the home of who says nothing else: the system's for root and for the user whose it is;
// otherwise the user's own, in the XDG folders. A user without a configuration of his own who may use the
// socket of the system's terminal gets the system's, too.
func DefaultHome() (Home, error) { return home.Default() }

// Init makes a home: the configuration file, the state folder, the allowlist and the two keys. What is there
// already is left as it is; when nothing is missing: ErrExists. A home has keys when it has the signing key,
// which is written last: without it, a sealing key is replaced, unless there is a certificate, which may be of it.
// Then the rest is made, and the error is a *NotReadyError.
func Init(at Home) error { return home.Init(at, example) }

// Request makes the certificate request of the home's keys, in PEM. The authority decides on the
// identity; wish only tells it what is hoped for.
func Request(at Home, wish certauth.Identity) ([]byte, error) { return home.Request(at, wish) }

// Install verifies a bundle (certificate, root and revocation list, or a revocation list alone) and
// puts it in force. Nothing that does not verify is stored, and all of it is verified before any of it
// is stored. confirm is asked once about a root that is not trusted yet; nil means no.
func Install(at Home, bundle []byte, now time.Time, confirm func(*certauth.Root) error) (Installed, error) {
	return home.Install(at, bundle, now, confirm)
}

// CheckFormat refuses a state folder that a newer program has made, with a *FormatError. One that does not
// say its format is of the first, which did not. The error may be one of the file system.
func CheckFormat(at Home) error { return home.CheckFormat(at) }
