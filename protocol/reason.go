package protocol

import (
	"errors"
	"fmt"
	"time"

	"github.com/certexch/certexch/certauth"
)

// Reason is the stable word for why an exchange did not lead to data. The same word stands in logs,
// in JSON and behind exit codes (spec/certexch.md, section 11). It never travels to the peer.
type Reason string

// The reasons, in the order of the checks that give them.
const (
	// BadMessage: a message was too long, out of turn, of unknown type or not in canonical form.
	BadMessage Reason = "bad-message"
	// The certificate's reasons are certauth's failures, one for one.
	CertificateMalformed    Reason = "certificate-malformed"
	CertificateUntrusted    Reason = "certificate-untrusted"
	CertificateWrongProfile Reason = "certificate-wrong-profile"
	CertificateNotYetValid  Reason = "certificate-not-yet-valid"
	CertificateExpired      Reason = "certificate-expired"
	CertificateRevoked      Reason = "certificate-revoked"
	RevocationListStale     Reason = "revocation-list-stale"
	// KeyMismatch: the certificate is of another key than the one that the connection proved.
	KeyMismatch Reason = "key-mismatch"
	// OwnIdentity: the peer claims to be this terminal.
	OwnIdentity Reason = "own-identity"
	// BadSignature: the signature over the transcript does not verify.
	BadSignature Reason = "bad-signature"
	// OtherTerminal: a terminal answered, but not the one that was asked for.
	OtherTerminal Reason = "other-terminal"
	// NotRegisteredHere: the peer is not in this terminal's allowlist.
	NotRegisteredHere Reason = "not-registered-here"
	// NotRegisteredThere: the peer says that this terminal is not in its allowlist.
	NotRegisteredThere Reason = "not-registered-there"
	// BadFinished: the peer does not hold the keys that the exchange should have given it.
	BadFinished Reason = "bad-finished"
	// Refused: the peer refused, and nothing on this side explains it.
	Refused Reason = "refused"
	// Interrupted: the connection ended or the time ran out before the exchange was complete.
	Interrupted Reason = "interrupted"
)

// RefusedError is an exchange that did not succeed, or a session that allows no data.
type RefusedError struct {
	// Reason is the word for it, to branch on.
	Reason Reason
	// Peer is the identity in the certificate that the other end showed, zero as long as no authority's
	// signature on it was verified. With a certificate reason or KeyMismatch, the other end may hold no
	// more than a copy of that certificate.
	Peer certauth.Identity
	// Expected is the identity that was asked for, where the reason is OtherTerminal.
	Expected certauth.Identity
	// ByPeer is set when the peer refused, and unset when this side did.
	ByPeer bool
	// Own is set when the reason is about this terminal's own certificate.
	Own bool
	// PeerClock is the peer's clock in Unix seconds, zero when it was not told, and Clock this side's at the
	// same moment. They are for diagnosis.
	PeerClock, Clock uint64
	// Err is the evidence, nil where the reason says it all.
	Err error
}

// Error says who refused whom and why, for a log: it is written for this side, not for the peer.
func (e *RefusedError) Error() string {
	who, whom := "refused the peer", e.Peer.String()
	if e.ByPeer {
		who = "refused by the peer"
	}
	if e.Peer.IsZero() {
		whom = "not identified"
	}
	text := fmt.Sprintf("%s (%s): %s", who, whom, e.Reason)
	if e.Own {
		text += " (this terminal's own certificate)"
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Ahead is how far the peer's clock is ahead of this side's, as the peer says: zero when it said nothing,
// and years at most.
func (e *RefusedError) Ahead() time.Duration {
	const most = uint64(10 * 365 * 24 * time.Hour / time.Second)
	switch {
	case e.PeerClock == 0:
		return 0
	case e.PeerClock >= e.Clock:
		return time.Duration(min(e.PeerClock-e.Clock, most)) * time.Second
	}
	return -time.Duration(min(e.Clock-e.PeerClock, most)) * time.Second
}

// Unwrap returns the evidence.
func (e *RefusedError) Unwrap() error { return e.Err }

func refuse(reason Reason, format string, args ...any) *RefusedError {
	return &RefusedError{Reason: reason, Err: fmt.Errorf(format, args...)}
}

// certificateReasons maps certauth's failures. A failure that is not in it refuses as malformed.
var certificateReasons = map[certauth.Failure]Reason{
	certauth.Malformed:    CertificateMalformed,
	certauth.Untrusted:    CertificateUntrusted,
	certauth.WrongProfile: CertificateWrongProfile,
	certauth.NotYetValid:  CertificateNotYetValid,
	certauth.Expired:      CertificateExpired,
	certauth.Revoked:      CertificateRevoked,
	certauth.StaleList:    RevocationListStale,
}

func refuseCertificate(err error) *RefusedError {
	refused := &RefusedError{Reason: CertificateMalformed, Err: err}
	var e *certauth.Error
	if errors.As(err, &e) {
		if reason, known := certificateReasons[e.Failure]; known {
			refused.Reason = reason
		}
		refused.Peer = e.Identity
	}
	return refused
}
