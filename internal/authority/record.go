package authority

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/certexch/certexch/certauth"
)

// Serial is the serial number of a certificate, big-endian.
type Serial [16]byte

// ParseSerial reads 32 hexadecimal digits, in the case and with the colons that
// other tools may print. It reports whether s was that.
func ParseSerial(s string) (Serial, bool) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, ":", ""))
	if err != nil || len(b) != len(Serial{}) {
		return Serial{}, false
	}
	return Serial(b), true
}

// String returns 32 lower-case hexadecimal digits.
func (s Serial) String() string { return hex.EncodeToString(s[:]) }

// Record is what the authority knows of a certificate that it has issued.
type Record struct {
	Serial              Serial
	Identity            certauth.Identity
	KeyHash             [32]byte // SHA-256 of the signing key's SubjectPublicKeyInfo
	SealingHash         [32]byte // SHA-256 of the sealing key
	NotBefore, NotAfter time.Time
	IssuedAt            time.Time
	DER                 []byte
	Revocation          *Revocation // nil: not revoked
}

// Revocation says when a certificate was revoked and why, in the words of who
// did it. Nobody has checked the words: escape them before they are printed.
type Revocation struct {
	At     time.Time
	Reason string
}

// State is what a certificate is worth at some time.
type State string

// The states of a certificate.
const (
	Valid       State = "valid"
	NotYetValid State = "not-yet-valid"
	Expired     State = "expired"
	Revoked     State = "revoked"
)

// State returns the state at the time now.
func (r *Record) State(now time.Time) State {
	switch {
	case r.Revocation != nil:
		return Revoked
	case now.After(r.NotAfter):
		return Expired
	case now.Before(r.NotBefore):
		return NotYetValid
	}
	return Valid
}

// live reports whether terminals would accept the certificate, now or soon.
func (r *Record) live(now time.Time) bool {
	state := r.State(now)
	return state == Valid || state == NotYetValid
}

// Records returns all certificates ever issued, by identity and then by time.
func (a *Authority) Records(ctx context.Context) ([]Record, error) {
	return records(ctx, a.db, "ORDER BY identity, issued_at, c.serial")
}

// RecordsOf returns the certificates of one identity, the oldest first. None at
// all is ErrNotFound.
func (a *Authority) RecordsOf(ctx context.Context, id certauth.Identity) ([]Record, error) {
	return recordsOf(ctx, a.db, id)
}

// Record returns the certificate with a serial number, or ErrNotFound.
func (a *Authority) Record(ctx context.Context, serial Serial) (Record, error) {
	return recordBySerial(ctx, a.db, serial)
}

func recordsOf(ctx context.Context, q queryer, id certauth.Identity) ([]Record, error) {
	found, err := records(ctx, q, "WHERE identity = $1 ORDER BY issued_at, c.serial", id.String())
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	return found, err
}

func recordBySerial(ctx context.Context, q queryer, serial Serial) (Record, error) {
	found, err := records(ctx, q, "WHERE c.serial = $1", serial.String())
	if err != nil {
		return Record{}, err
	}
	if len(found) == 0 {
		return Record{}, fmt.Errorf("serial number %s: %w", serial, ErrNotFound)
	}
	return found[0], nil
}

func records(ctx context.Context, q queryer, where string, args ...any) ([]Record, error) {
	found, err := collect(ctx, q, scanRecord, `
		SELECT c.serial, identity, key_hash, sealing_hash, not_before, not_after, issued_at, der, revoked_at, reason
		FROM certificates c LEFT JOIN revoked_serials r ON r.serial = c.serial `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	return found, nil
}

func scanRecord(rows *sql.Rows) (r Record, err error) {
	var serial, identity, key, sealing string
	var notBefore, notAfter, issuedAt int64
	var revokedAt sql.NullInt64
	var reason sql.NullString
	err = rows.Scan(&serial, &identity, &key, &sealing, &notBefore, &notAfter, &issuedAt, &r.DER, &revokedAt, &reason)
	if err != nil {
		return r, err
	}
	r.Identity, err = certauth.ParseIdentity(identity)
	err = errors.Join(err, decode(r.Serial[:], serial), decode(r.KeyHash[:], key), decode(r.SealingHash[:], sealing))
	r.NotBefore, r.NotAfter, r.IssuedAt = fromUnix(notBefore), fromUnix(notAfter), fromUnix(issuedAt)
	if revokedAt.Valid {
		r.Revocation = &Revocation{At: fromUnix(revokedAt.Int64), Reason: reason.String}
	}
	return r, err
}

// decode fills dst from hexadecimal digits.
func decode(dst []byte, digits string) error {
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) != len(dst) {
		return fmt.Errorf("the database is damaged: %q", digits)
	}
	copy(dst, b)
	return nil
}

func fromUnix(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
