package authority

import (
	"errors"
	"fmt"
)

// What can be wrong beyond I/O. The errors returned wrap these and say who and
// what; a folder that is not private enough is a durable.PermissionError.
var (
	ErrNoAuthority = errors.New("there is no authority in this folder")
	ErrExists      = errors.New("there is an authority in this folder already")
	ErrUnfinished  = errors.New("the authority in this folder was never finished")
	ErrPassphrase  = errors.New("wrong passphrase, or a damaged key file")
	ErrNotFound    = errors.New("not found among the certificates of this authority")
	ErrForeign     = errors.New("outside the trust domain of this authority")
	ErrKeyTaken    = errors.New("the key belongs to another identity")
	ErrKeyRevoked  = errors.New("the key has been revoked")
	ErrRootExpired = errors.New("the root certificate has expired")
	ErrClock       = errors.New("the clock disagrees with the records of this authority")
)

// ErrRevokedAhead is an ErrClock for one identity: its revocation is of a time to
// come, and covers whatever would be certified until then.
var ErrRevokedAhead = fmt.Errorf("%w", ErrClock)
