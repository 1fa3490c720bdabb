package authority

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/certexch/certexch/certauth"
)

// keepRevoked is how long an entry stays on the lists after the certificates
// that it concerns have expired: for terminals whose clock is behind.
const keepRevoked = 30 * 24 * time.Hour

// ListOptions are the choices for a new revocation list.
type ListOptions struct {
	// Valid is how long it counts as fresh. Zero: as long as the one before.
	Valid time.Duration
	// ClockWasAhead says that the last list was signed by a clock that was wrong,
	// and that the clock is right now. Numbers start again from the clock. No
	// terminal with a right clock has accepted a list from the future.
	ClockWasAhead bool
}

// SignList signs a new revocation list and makes it the current one. The error
// is ErrClock if the clock lies too far behind the last list, or if
// ClockWasAhead is said and was not.
func (s *Signer) SignList(ctx context.Context, o ListOptions) (*certauth.CRL, error) {
	if o.Valid < 0 {
		return nil, errors.New("a list cannot end before it begins")
	}
	var list *certauth.CRL
	err := transact(ctx, s.authority.db, func(tx *sql.Tx) (err error) {
		list, err = s.signList(ctx, tx, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// currentList returns the list for a bundle, a new one if the current one has
// less than a third of its life left.
func (s *Signer) currentList(ctx context.Context, tx *sql.Tx) ([]byte, error) {
	last, err := readList(ctx, tx)
	if err != nil {
		return nil, err
	}
	now := s.authority.config.now()
	if last.time.After(now.Add(maxAhead)) {
		return nil, clockBehind(last, now)
	}
	if now.Before(last.time.Add(last.validity() * 2 / 3)) {
		return last.der, nil
	}
	list, err := s.signList(ctx, tx, ListOptions{})
	if err != nil {
		return nil, err
	}
	return list.DER(), nil
}

func (s *Signer) signList(ctx context.Context, tx *sql.Tx, o ListOptions) (*certauth.CRL, error) {
	last, err := readList(ctx, tx)
	if err != nil {
		return nil, err
	}
	at, err := nextListTime(last, s.authority.config.now(), o.ClockWasAhead)
	if err != nil {
		return nil, err
	}
	revoked, err := readRevocations(ctx, tx, at.Add(-keepRevoked))
	if err != nil {
		return nil, fmt.Errorf("reading the revocations: %w", err)
	}
	if o.Valid == 0 {
		o.Valid = last.validity()
	}
	until := at.Add(o.Valid)
	der, err := s.issuer.SignCRL(revoked, uint64(at.Unix()), at, until)
	if err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE authority SET list = $1, list_number = $2, list_until = $3`, der, at.Unix(), until.Unix())
	if err != nil {
		return nil, err
	}
	return s.authority.root.OpenCRL(der, at)
}

// nextListTime is now, but after the last list, which may take it a little into
// the future. Further than maxAhead it does not go: terminals would not accept
// the list, and a number taken from a clock gone wrong would block all others.
func nextListTime(last storedList, now time.Time, clockWasAhead bool) (time.Time, error) {
	ahead := last.time.After(now.Add(maxAhead))
	switch {
	case clockWasAhead && ahead:
		return now, nil
	case clockWasAhead:
		return time.Time{}, fmt.Errorf("%w no more: the last revocation list, of %s, is not in the future", ErrClock, stamp(last.time))
	case now.After(last.time):
		return now, nil
	}
	next := last.time.Add(time.Second)
	if next.After(now.Add(maxAhead)) {
		return time.Time{}, clockBehind(last, now)
	}
	return next, nil
}

func clockBehind(last storedList, now time.Time) error {
	return fmt.Errorf("%w: the last revocation list is of %s, and the clock says %s", ErrClock, stamp(last.time), stamp(now))
}

// storedList is the current list as the database has it.
type storedList struct {
	der         []byte
	time, until time.Time
}

func (l storedList) validity() time.Duration { return l.until.Sub(l.time) }

func readList(ctx context.Context, q queryer) (l storedList, err error) {
	var number, until int64
	err = q.QueryRowContext(ctx, `SELECT list, list_number, list_until FROM authority`).Scan(&l.der, &number, &until)
	if err != nil {
		return l, fmt.Errorf("reading the revocation list: %w", err)
	}
	l.time, l.until = fromUnix(number), fromUnix(until)
	return l, nil
}

// readRevocations returns all that concerns certificates valid at since or later.
func readRevocations(ctx context.Context, q queryer, since time.Time) (r certauth.Revocations, err error) {
	r.Serials, err = collect(ctx, q, scanSerial, `
		SELECT r.serial, r.revoked_at FROM revoked_serials r
		JOIN certificates c ON c.serial = r.serial WHERE c.not_after >= $1`, since.Unix())
	if err != nil {
		return r, err
	}
	r.Keys, err = collect(ctx, q, scanKey, `
		SELECT k.key_hash FROM revoked_keys k WHERE EXISTS (
			SELECT 1 FROM certificates c WHERE c.key_hash = k.key_hash AND c.not_after >= $1)`, since.Unix())
	if err != nil {
		return r, err
	}
	r.Identities, err = collect(ctx, q, scanIdentity, `
		SELECT i.identity, i.cutoff FROM revoked_identities i WHERE EXISTS (
			SELECT 1 FROM certificates c WHERE c.identity = i.identity AND c.not_after >= $1)`, since.Unix())
	return r, err
}

func scanSerial(rows *sql.Rows) (r certauth.RevokedSerial, err error) {
	var serial string
	var at int64
	err = rows.Scan(&serial, &at)
	r.At = fromUnix(at)
	return r, errors.Join(err, decode(r.Serial[:], serial))
}

func scanKey(rows *sql.Rows) (hash [32]byte, err error) {
	var digits string
	err = rows.Scan(&digits)
	return hash, errors.Join(err, decode(hash[:], digits))
}

func scanIdentity(rows *sql.Rows) (certauth.RevokedIdentity, error) {
	var name string
	var cutoff int64
	if err := rows.Scan(&name, &cutoff); err != nil {
		return certauth.RevokedIdentity{}, err
	}
	id, err := certauth.ParseIdentity(name)
	return certauth.RevokeIdentity(id, fromUnix(cutoff)), err
}
