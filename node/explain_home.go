package node

import (
	"errors"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/control"
	"github.com/certexch/certexch/protocol"
)

// explainHome is for what goes wrong with the files of a home: making it, installing, registering.
func explainHome(err error) (Failure, bool) {
	var syntax *allowlist.SyntaxError
	var cert *certauth.Error
	var trust *TrustError
	switch {
	case errors.As(err, &trust):
		return Failure{"bad-trust", CodeCertificate, "nobody can be trusted: " + trust.Problem(), trust.Advice}, true
	case errors.As(err, new(*FormatError)):
		return Failure{"newer-state", CodeOther, err.Error(), "install the newer certexch again; `certexch version` tells which this is"}, true
	case errors.Is(err, ErrExists):
		return Failure{"exists", CodeOther, err.Error(), "`certexch id` shows whose they are; --home names another folder"}, true
	case errors.Is(err, ErrRunning):
		return Failure{"running", CodeOther, err.Error(), "stop it first; `certexch id` prints its addresses"}, true
	case errors.Is(err, control.ErrNotRunning):
		return Failure{"not-running", CodeOther, err.Error(), "start it with `certexch serve`; `certexch paths` tells which home this is"}, true
	case errors.Is(err, control.ErrProtocol):
		return Failure{"other-version", CodeOther, err.Error(), "restart `certexch serve` after an upgrade"}, true
	case errors.Is(err, ErrRootNotConfirmed):
		return Failure{"root-not-confirmed", CodeOther, err.Error(), "ask the authority for its fingerprint (`certexch-authority fingerprint`), and give that with --root"}, true
	case errors.Is(err, ErrOtherRoot):
		return Failure{"other-root", CodeCertificate, err.Error(), "ask the authority which root is its own"}, true
	case errors.Is(err, ErrOlderList):
		return Failure{"older-list", CodeOther, err.Error(), "fetch a new one (`certexch-authority crl`), or leave it as it is"}, true
	case errors.Is(err, ErrOlderCertificate):
		return Failure{"older-certificate", CodeOther, err.Error(), "install the newest bundle of your authority, or leave it as it is"}, true
	case errors.Is(err, ErrOtherKeys):
		return Failure{string(protocol.KeyMismatch), CodeCertificate, err.Error(), "have your authority sign what `certexch request` prints here"}, true
	case errors.As(err, &syntax):
		return Failure{"bad-allowlist", CodeOther, err.Error(), "correct the line, and see with `certexch check`"}, true
	case errors.As(err, &cert):
		reason := certificateReason(cert.Failure)
		return Failure{string(reason), refusals[reason].code, err.Error(), "ask your authority for a new bundle or list"}, true
	}
	return Failure{}, false
}
