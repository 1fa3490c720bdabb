package authority

import (
	"context"
	"database/sql"
	"encoding/hex"
	"slices"
	"time"

	"github.com/certexch/certexch/certauth"
)

// Revocations are the outcome of revoking something.
type Revocations struct {
	Records []Record      // certificates that terminals accepted until now
	Keys    int           // how many signing keys are revoked with them
	List    *certauth.CRL // the new list; nil if everything had been revoked before
	Others  []Record      // certificates of the same identity that terminals still accept
}

// RevokeIdentity revokes a terminal for good: every certificate of id that has
// not expired, every signing key that id ever had, and by the cutoff now every
// certificate of id that is valid from now or earlier, whoever may hold it. The
// reason is for the record. An identity never certified is ErrNotFound.
func (s *Signer) RevokeIdentity(ctx context.Context, id certauth.Identity, reason string) (*Revocations, error) {
	return s.revoke(ctx, func(tx *sql.Tx, now time.Time) (*Revocations, error) {
		all, err := recordsOf(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		if cut, err := isCut(ctx, tx, id, all); cut || err != nil {
			return nil, err
		}
		if err := insertCutoff(ctx, tx, id, now, reason); err != nil {
			return nil, err
		}
		keys, err := insertKeys(ctx, tx, all, now, reason)
		if err != nil {
			return nil, err
		}
		live := slices.DeleteFunc(all, func(r Record) bool { return !r.live(now) })
		return &Revocations{Records: live, Keys: keys}, insertSerials(ctx, tx, live, now, reason)
	})
}

// RevokeSerial revokes one certificate for good, and neither its key nor its
// identity. A serial number that was never given is ErrNotFound.
func (s *Signer) RevokeSerial(ctx context.Context, serial Serial, reason string) (*Revocations, error) {
	return s.revoke(ctx, func(tx *sql.Tx, now time.Time) (*Revocations, error) {
		r, err := recordBySerial(ctx, tx, serial)
		if err != nil || r.Revocation != nil {
			return nil, err
		}
		all, err := recordsOf(ctx, tx, r.Identity)
		if err != nil {
			return nil, err
		}
		others := slices.DeleteFunc(all, func(o Record) bool { return o.Serial == serial || !o.live(now) })
		one := []Record{r}
		return &Revocations{Records: one, Others: others}, insertSerials(ctx, tx, one, now, reason)
	})
}

// revoke lets record note what is revoked and signs a new list in the same
// transaction. If record returns nil, there was nothing left to revoke.
func (s *Signer) revoke(ctx context.Context, record func(*sql.Tx, time.Time) (*Revocations, error)) (*Revocations, error) {
	var revoked *Revocations
	err := transact(ctx, s.authority.db, func(tx *sql.Tx) (err error) {
		revoked, err = record(tx, s.authority.config.now())
		if err != nil {
			return err
		}
		if revoked == nil {
			revoked = new(Revocations)
			return nil
		}
		revoked.List, err = s.signList(ctx, tx, ListOptions{})
		return err
	})
	if err != nil {
		return nil, err
	}
	return revoked, nil
}

// isCut reports whether a cutoff of id covers all its certificates already.
func isCut(ctx context.Context, tx *sql.Tx, id certauth.Identity, all []Record) (bool, error) {
	latest := slices.MaxFunc(all, func(a, b Record) int { return a.NotBefore.Compare(b.NotBefore) })
	var n int
	err := tx.QueryRowContext(ctx, `
		SELECT count(*) FROM revoked_identities WHERE identity = $1 AND cutoff >= $2`,
		id.String(), latest.NotBefore.Unix()).Scan(&n)
	return n > 0, err
}

func insertCutoff(ctx context.Context, tx *sql.Tx, id certauth.Identity, now time.Time, reason string) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO revoked_identities (identity, cutoff, reason) VALUES ($1, $2, $3)
		ON CONFLICT DO NOTHING`, id.String(), now.Unix(), reason)
	return err
}

// insertKeys returns how many keys had not been revoked before.
func insertKeys(ctx context.Context, tx *sql.Tx, records []Record, now time.Time, reason string) (n int, err error) {
	for _, r := range records {
		result, err := tx.ExecContext(ctx, `
			INSERT INTO revoked_keys (key_hash, revoked_at, reason) VALUES ($1, $2, $3)
			ON CONFLICT DO NOTHING`, hex.EncodeToString(r.KeyHash[:]), now.Unix(), reason)
		if err != nil {
			return 0, err
		}
		added, err := result.RowsAffected()
		if err != nil {
			return 0, err
		}
		n += int(added)
	}
	return n, nil
}

func insertSerials(ctx context.Context, tx *sql.Tx, records []Record, now time.Time, reason string) error {
	for _, r := range records {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO revoked_serials (serial, revoked_at, reason) VALUES ($1, $2, $3)`,
			r.Serial.String(), now.Unix(), reason)
		if err != nil {
			return err
		}
	}
	return nil
}
