package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/certexch/certexch/protocol"
)

// Status is the end of one request (spec/data.md).
type Status uint8

const (
	// StatusOK: answered. It never travels in a failure.
	StatusOK Status = 0
	// StatusNotFound: nothing of that name, or nothing that the client may know of. There is no
	// telling the two apart.
	StatusNotFound Status = 1
	// StatusNoPermission: the client may see it and not do this with it.
	StatusNoPermission Status = 2
	// StatusChanged: the file is not, or is no longer, the version asked for or begun with.
	StatusChanged Status = 3
	// StatusBadRange: the range does not lie in the file.
	StatusBadRange Status = 4
	// StatusWrongKind: a directory was asked for as a file, or a file as a directory.
	StatusWrongKind Status = 5
	// StatusBusy: not now; the same request may be answered later.
	StatusBusy Status = 6
	// StatusFailed: the server could not; its log says why.
	StatusFailed Status = 7
	// StatusUnsupported: the server does not know the operation.
	StatusUnsupported Status = 8
	// StatusTooLarge: the directory has more than MaxListing entries.
	StatusTooLarge Status = 9
)

var statusWords = [...]string{
	StatusOK:           "ok",
	StatusNotFound:     "not-found",
	StatusNoPermission: "no-permission",
	StatusChanged:      "changed",
	StatusBadRange:     "bad-range",
	StatusWrongKind:    "wrong-kind",
	StatusBusy:         "busy",
	StatusFailed:       "failed",
	StatusUnsupported:  "unsupported",
	StatusTooLarge:     "too-large",
}

// String returns the stable word of the status.
func (s Status) String() string {
	if int(s) < len(statusWords) {
		return statusWords[s]
	}
	return fmt.Sprintf("status-%d", uint8(s))
}

var (
	// ErrChanged: a file changed while it was read, or is not the version asked for.
	ErrChanged = errors.New("the file has changed")
	// ErrRange: a range does not lie in the file.
	ErrRange = errors.New("the range does not lie in the file")
	// ErrWrongKind: a directory was asked for as a file, or a file as a directory.
	ErrWrongKind = errors.New("a directory is no file and a file no directory")
	// ErrBusy: a limit is reached; the same request may be answered later.
	ErrBusy = errors.New("too much at once")
	// ErrTooLarge: a directory has more than MaxListing entries.
	ErrTooLarge = errors.New("the directory has too many entries")
	// ErrInUse: the client still has an answer under way.
	ErrInUse = errors.New("another answer is still under way on this channel")
	// ErrViolation: the peer sent, well sealed, what it must not send. It matches
	// protocol.ErrIntegrity, since nothing that came with it can be relied on.
	ErrViolation = fmt.Errorf("the peer broke the protocol: %w", protocol.ErrIntegrity)
)

func violation(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrViolation}, args...)...)
}

// statusErrors relates statuses to the errors that a Source returns and a client's caller tests for.
var statusErrors = [...]error{
	StatusNotFound:     fs.ErrNotExist,
	StatusNoPermission: fs.ErrPermission,
	StatusChanged:      ErrChanged,
	StatusBadRange:     ErrRange,
	StatusWrongKind:    ErrWrongKind,
	StatusBusy:         ErrBusy,
	StatusUnsupported:  errors.ErrUnsupported,
	StatusTooLarge:     ErrTooLarge,
}

// statusOf returns the status that tells the peer of err. What it does not know is StatusFailed, so
// that no detail of this machine leaves it.
func statusOf(err error) Status {
	if err == nil {
		return StatusOK
	}
	for status, target := range statusErrors {
		if target != nil && errors.Is(err, target) {
			return Status(status)
		}
	}
	return StatusFailed
}

// StatusError is a request that the server answered with a failure, or whose answer told the client as much: a
// list without end is StatusTooLarge, whoever says so. It matches the errors that stand for its status:
// fs.ErrNotExist, fs.ErrPermission, ErrChanged, ErrRange, ErrWrongKind, ErrBusy, ErrTooLarge and
// errors.ErrUnsupported.
type StatusError struct {
	Status Status
	Op     string // "shares", "list", "stat", "read"
	Path   string // share and name joined by a slash; empty for "shares"
}

func (e *StatusError) Error() string {
	return strings.TrimSpace(e.Op+" "+e.Path) + ": " + e.Status.String()
}

// Is makes errors.Is match the error that stands for the status.
func (e *StatusError) Is(target error) bool {
	return int(e.Status) < len(statusErrors) && statusErrors[e.Status] == target
}
