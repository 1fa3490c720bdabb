package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/control"
	"github.com/certexch/certexch/internal/receive"
	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/protocol"
)

// Failure is an error as it ends at the user: a stable word with its exit code, what happened to whom,
// and the next thing to try.
type Failure struct {
	Reason string `json:"reason"`        // the word, one of those in the README
	Code   int    `json:"code"`          // of the exit, one of the Code constants
	Text   string `json:"text"`          // a sentence without its full stop
	Try    string `json:"try,omitempty"` // empty where there is nothing to try
}

// The exit codes, each of one meaning. What is not listed is 1.
const (
	CodeOther           = 1
	CodeUsage           = 2
	CodeNotFound        = 3
	CodeNotThere        = 4 // they have not registered you
	CodeNotHere         = 5 // you have not registered them
	CodeCertificate     = 6
	CodeRevoked         = 7
	CodeUnreachable     = 8
	CodeNoDirectPath    = 9
	CodeIntegrity       = 10
	CodeCancelled       = 11
	CodeChanged         = 12
	CodeNoPermission    = 13
	CodeDiskFull        = 14
	CodeRefused         = 15
	CodeAnotherTerminal = 16
)

// Explain makes of an error what the user is told. Nil gives the zero Failure.
func Explain(err error) Failure {
	if err == nil {
		return Failure{}
	}
	if told := (*control.Failure)(nil); errors.As(err, &told) { // by the terminal that runs on this machine
		return Failure(*told)
	}
	for _, explain := range []func(error) (Failure, bool){
		explainBusy, explainRefusal, explainOwn, explainDial, explainData, explainHome, explainLocal,
	} {
		if f, ok := explain(err); ok {
			return f
		}
	}
	return Failure{Reason: "other", Code: CodeOther, Text: err.Error()}
}

// explainBusy is for a terminal that has no room for another stream or connection, which only its libp2p
// says, before this protocol or in the midst of it.
func explainBusy(err error) (Failure, bool) {
	var stream *network.StreamError
	var conn *network.ConnError
	if errors.As(err, &stream) && stream.Remote && stream.ErrorCode == network.StreamResourceLimitExceeded ||
		errors.As(err, &conn) && conn.Remote && conn.ErrorCode == network.ConnResourceLimitExceeded {
		return Failure{"busy", CodeOther, "the terminal is too busy", "try again later"}, true
	}
	return Failure{}, false
}

// refusal is what is said for one reason of an exchange: code, sentence with %[1]s for the peer and
// %[2]s for the identity that was asked for, and advice.
type refusal struct {
	code      int
	text, try string
}

var refusals = map[protocol.Reason]refusal{
	protocol.BadMessage:              {CodeIntegrity, "%[1]s does not speak this protocol, or the connection is being tampered with", "make sure that both sides run the same version of certexch"},
	protocol.CertificateMalformed:    {CodeCertificate, "the certificate of %[1]s is malformed", "have its authority sign a new one"},
	protocol.CertificateUntrusted:    {CodeCertificate, "the certificate of %[1]s is not from an authority that this terminal trusts", "compare `certexch id` on both sides: both must name the same root"},
	protocol.CertificateWrongProfile: {CodeCertificate, "the certificate of %[1]s is not a terminal's certificate", "have it signed by certexch-authority"},
	protocol.CertificateNotYetValid:  {CodeCertificate, "the certificate of %[1]s is not valid yet", "compare the clocks of both sides"},
	protocol.CertificateExpired:      {CodeCertificate, "the certificate of %[1]s has expired", "have its authority sign a new one, and `certexch install` it there"},
	protocol.CertificateRevoked:      {CodeRevoked, "the certificate of %[1]s has been revoked", "ask its authority"},
	protocol.RevocationListStale:     {CodeCertificate, "the revocation list of this terminal's authority is missing or past its date", "fetch a new one (`certexch-authority crl`) and `certexch install` it here"},
	protocol.KeyMismatch:             {CodeCertificate, "%[1]s showed a certificate that is not of its own key", "make a new request there, and have it signed"},
	protocol.OwnIdentity:             {CodeOther, "that is this terminal itself", "name another terminal"},
	protocol.BadSignature:            {CodeIntegrity, "%[1]s did not prove that it holds its key, or the connection is being tampered with", "try again; if it happens again, do not trust this network"},
	protocol.OtherTerminal:           {CodeAnotherTerminal, "%[1]s answered where %[2]s was asked for", "correct the address, or ask for the terminal that is there"},
	protocol.NotRegisteredHere:       {CodeNotHere, "you have not registered %[1]s", "`certexch allow add %[1]s`"},
	protocol.NotRegisteredThere:      {CodeNotThere, "%[1]s has not registered this terminal", "ask for `certexch allow add` with this terminal's identity there"},
	protocol.BadFinished:             {CodeIntegrity, "%[1]s does not hold the keys of its certificate, or the connection is being tampered with", "try again; if it happens again, do not trust this network"},
	protocol.Refused:                 {CodeRefused, "the terminal refused this one without a reason", "its log says why: look there for this terminal's peer ID"},
	protocol.Interrupted:             {CodeUnreachable, "the connection ended before both sides had proven who they are", "see whether the other side is a certexch terminal and still runs"},
}

// ownRefusals are said instead where the reason lies in this terminal's own certificate.
var ownRefusals = map[protocol.Reason]refusal{
	protocol.CertificateMalformed:    {CodeCertificate, "this terminal's own certificate is malformed", "have your authority sign a new one, and `certexch install` it"},
	protocol.CertificateUntrusted:    {CodeCertificate, "this terminal's own certificate is not from the authority that it trusts", "`certexch install` a bundle of that authority"},
	protocol.CertificateWrongProfile: {CodeCertificate, "this terminal's own certificate is not a terminal's certificate", "have your authority sign `certexch request`"},
	protocol.CertificateNotYetValid:  {CodeCertificate, "this terminal's own certificate is not valid yet", "set this terminal's clock"},
	protocol.CertificateExpired:      {CodeCertificate, "this terminal's own certificate has expired", "have your authority sign `certexch request` again, and `certexch install` the bundle"},
	protocol.CertificateRevoked:      {CodeRevoked, "this terminal's own certificate has been revoked", "ask your authority"},
	protocol.KeyMismatch:             {CodeCertificate, "this terminal's certificate is not of its own keys", "have your authority sign `certexch request`, and `certexch install` the bundle"},
}

func explainRefusal(err error) (Failure, bool) {
	var e *protocol.RefusedError
	if !errors.As(err, &e) {
		return Failure{}, false
	}
	r, known := refusals[e.Reason]
	if own, ok := ownRefusals[e.Reason]; ok && e.Own {
		r = own
	}
	if !known {
		return Failure{Reason: string(e.Reason), Code: CodeOther, Text: e.Error()}, true
	}
	f := Failure{Reason: string(e.Reason), Code: r.code}
	f.Text = fmt.Sprintf(r.text+"%.0[1]s%.0[2]s", name(e.Peer), name(e.Expected))
	f.Try = fmt.Sprintf(r.try+"%.0[1]s", name(e.Peer))
	if detail := refusalDetail(e); detail != "" {
		f.Text += " (" + detail + ")"
	}
	return f, true
}

// name is how a peer is called: by its identity once that is proven.
func name(id certauth.Identity) string {
	if id.IsZero() {
		return "the terminal at this address"
	}
	return id.String()
}

// refusalDetail is what is behind a refusal: dates and numbers of a certificate, and why an entry of the
// list does not count.
func refusalDetail(refused *protocol.RefusedError) string {
	var cert *certauth.Error
	switch {
	case errors.As(refused.Err, &cert):
		return cert.Detail + clocks(refused.Ahead())
	case refused.Reason == protocol.NotRegisteredHere && refused.Err != nil:
		return refused.Err.Error()
	}
	return ""
}

// clocks says that the clocks of both sides differ by more than they need to.
func clocks(ahead time.Duration) string {
	switch {
	case ahead > time.Minute:
		return fmt.Sprintf("; its clock is %v ahead of this one", ahead)
	case ahead < -time.Minute:
		return fmt.Sprintf("; its clock is %v behind this one", -ahead)
	}
	return ""
}

// explainOwn is for a terminal that cannot take part: it says what is missing here.
func explainOwn(err error) (Failure, bool) {
	var own *OwnCertificateError
	var cert *certauth.Error
	var unready *NotReadyError
	switch {
	case errors.As(err, &own) && errors.As(err, &cert):
		return explainRefusal(&protocol.RefusedError{Reason: certificateReason(cert.Failure), Own: true, Err: cert})
	case errors.As(err, &own):
		return explainRefusal(&protocol.RefusedError{Reason: protocol.KeyMismatch, Own: true})
	case errors.As(err, &unready):
		return Failure{"not-ready", CodeOther, "this terminal has no " + unready.Missing, unready.Advice}, true
	case errors.As(err, new(*ConfigError)):
		return Failure{Reason: "bad-configuration", Code: CodeOther, Text: err.Error(), Try: "correct it, and see with `certexch check`"}, true
	}
	return Failure{}, false
}

// certificateReason is the reason for a failure that certauth found.
func certificateReason(f certauth.Failure) protocol.Reason {
	if f == certauth.StaleList {
		return protocol.RevocationListStale
	}
	return protocol.Reason("certificate-" + string(f))
}

var statuses = map[transfer.Status]Failure{
	transfer.StatusNotFound:     {"not-found", CodeNotFound, "there is no %s, or you may not see it", "`certexch ls` shows what there is"},
	transfer.StatusNoPermission: {"no-permission", CodeNoPermission, "you may see %s but not read it", "ask for permission there"},
	transfer.StatusChanged:      {"changed", CodeChanged, "%s was changed while it was being read", "try again"},
	transfer.StatusBadRange:     {"bad-range", CodeOther, "%s has no such range", "see its size with `certexch stat`"},
	transfer.StatusWrongKind:    {"wrong-kind", CodeOther, "%s is a folder where a file is asked for, or a file where a folder is", "`certexch ls` shows what is in a folder, and `certexch get -r` fetches it"},
	transfer.StatusBusy:         {"busy", CodeOther, "the terminal is too busy to serve %s", "try again later"},
	transfer.StatusFailed:       {"failed", CodeOther, "the terminal could not serve %s", "its log says why"},
	transfer.StatusUnsupported:  {"unsupported", CodeOther, "the terminal cannot do this with %s", "install the newest certexch there"},
	transfer.StatusTooLarge:     {"too-large", CodeOther, "%s has more entries than can be listed", "name what is in it: files, and folders with `certexch get -r`"},
}

func explainData(err error) (Failure, bool) {
	var status *transfer.StatusError
	switch {
	case errors.As(err, &status):
		f, known := statuses[status.Status]
		if !known {
			return Failure{Reason: "other", Code: CodeOther, Text: err.Error(), Try: "the other terminal may be newer: install the newest certexch here"}, true
		}
		what := fmt.Sprintf("%q", status.Path)
		if status.Path == "" {
			what = "the list of its shares"
		}
		f.Text = fmt.Sprintf(f.Text, what)
		return f, true
	case errors.Is(err, protocol.ErrIntegrity), errors.Is(err, transfer.ErrViolation):
		return Failure{"integrity", CodeIntegrity, err.Error(), "try again; if it happens again, do not trust this network"}, true
	case errors.Is(err, protocol.ErrBroken) && !errors.Is(err, context.Canceled):
		return Failure{"connection-lost", CodeUnreachable, "the connection to the terminal broke", "run the command again: get goes on where it ended"}, true
	}
	return Failure{}, false
}

func explainLocal(err error) (Failure, bool) {
	var exists *receive.ExistsError
	switch {
	case errors.As(err, &exists):
		return Failure{"exists", CodeOther, err.Error(), "--overwrite replaces it"}, true
	case receive.IsNoSpace(err):
		return Failure{"disk-full", CodeDiskFull, err.Error(), "make room, and run the command again"}, true
	case errors.Is(err, context.Canceled):
		return Failure{"cancelled", CodeCancelled, "cancelled", ""}, true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return Failure{"timed-out", CodeUnreachable, "no answer in time", "try again, or give more time with --timeout"}, true
	case errors.Is(err, ErrClosed):
		return Failure{"stopping", CodeUnreachable, "this terminal is being stopped", "try again once it runs, or without it"}, true
	case errors.Is(err, os.ErrPermission):
		return Failure{"local-permission", CodeOther, err.Error(), "see the owner and the mode of the file"}, true
	}
	return Failure{}, false
}
