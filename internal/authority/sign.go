package authority

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/certexch/certexch/certauth"
)

// Signer is an authority with its key. It is safe for concurrent use, in one
// process and in several.
type Signer struct {
	authority *Authority
	issuer    *certauth.Issuer
}

// Issued is the outcome of Sign.
type Issued struct {
	Record Record
	Bundle certauth.Bundle // the certificate, the root and the current revocation list
	// Others are certificates of the same identity for other signing keys that
	// terminals still accept. There is a second terminal behind one identity, or
	// a key that ought to be revoked.
	Others []Record
}

// Sign certifies the keys of req as those of id, for lifetime from now, at most
// as long as the root lasts. What req itself wishes to be called has no
// influence.
//
// It refuses an identity of another trust domain (ErrForeign), keys that are or
// were another identity's (ErrKeyTaken), a signing key that has been revoked and
// a sealing key that was certified with such a one (ErrKeyRevoked), and to sign
// beyond the life of the root (ErrRootExpired), by a clock that cannot be right
// (ErrClock), or for an identity that was revoked by one that was ahead
// (ErrRevokedAhead). When it returns nil, the certificate is on record.
func (s *Signer) Sign(ctx context.Context, req *certauth.Request, id certauth.Identity, lifetime time.Duration) (*Issued, error) {
	if id.TrustDomain() != s.authority.root.TrustDomain() {
		return nil, fmt.Errorf("%s is %w, %s", id, ErrForeign, s.authority.root.TrustDomain())
	}
	if lifetime < time.Second {
		return nil, errors.New("a certificate needs a lifetime of a second or more")
	}
	var issued *Issued
	err := transact(ctx, s.authority.db, func(tx *sql.Tx) (err error) {
		issued, err = s.sign(ctx, tx, req, id, lifetime)
		return err
	})
	if err != nil {
		return nil, err
	}
	return issued, nil
}

func (s *Signer) sign(ctx context.Context, tx *sql.Tx, req *certauth.Request, id certauth.Identity, lifetime time.Duration) (*Issued, error) {
	now := s.authority.config.now()
	r := Record{
		Identity:    id,
		KeyHash:     certauth.KeyHash(req.SigningKey),
		SealingHash: sha256.Sum256(req.SealingKey),
		IssuedAt:    now,
	}
	if err := checkKeys(ctx, tx, r); err != nil {
		return nil, err
	}
	if err := s.limitValidity(ctx, tx, &r, lifetime); err != nil {
		return nil, err
	}
	// A serial number of full length is printed alike by everyone.
	for r.Serial[0] == 0 {
		if _, err := io.ReadFull(s.authority.config.Rand, r.Serial[:]); err != nil {
			return nil, err
		}
	}
	var err error
	r.DER, err = s.issuer.Certify(certauth.Grant{
		Request: req, Identity: id, Serial: r.Serial, NotBefore: r.NotBefore, NotAfter: r.NotAfter,
	})
	if err != nil {
		return nil, err
	}
	list, err := s.currentList(ctx, tx)
	if err != nil {
		return nil, err
	}
	others, err := othersOf(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	root := s.authority.root.DER()
	return &Issued{r, certauth.Bundle{Leaf: r.DER, Root: root, CRL: list}, others}, insert(ctx, tx, r)
}

// checkKeys refuses keys that have been revoked or are someone else's.
func checkKeys(ctx context.Context, tx *sql.Tx, r Record) error {
	key, sealing := hex.EncodeToString(r.KeyHash[:]), hex.EncodeToString(r.SealingHash[:])
	var revokedAt int64
	err := tx.QueryRowContext(ctx, `
		SELECT revoked_at FROM revoked_keys WHERE key_hash = $1
			OR key_hash IN (SELECT key_hash FROM certificates WHERE sealing_hash = $2)
		ORDER BY revoked_at LIMIT 1`, key, sealing).Scan(&revokedAt)
	if err == nil {
		return fmt.Errorf("%w on %s", ErrKeyRevoked, fromUnix(revokedAt).Format(time.DateOnly))
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var owner string
	err = tx.QueryRowContext(ctx, `
		SELECT identity FROM certificates
		WHERE (key_hash = $1 OR sealing_hash = $2) AND identity <> $3`, key, sealing, r.Identity.String()).Scan(&owner)
	if err == nil {
		return fmt.Errorf("%w, %s", ErrKeyTaken, owner)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return nil
}

// limitValidity sets the validity of r: from a little ago, but after the time up
// to which the identity has been revoked, until the root ends at the latest.
func (s *Signer) limitValidity(ctx context.Context, tx *sql.Tx, r *Record, lifetime time.Duration) error {
	var cutoff sql.NullInt64
	err := tx.QueryRowContext(ctx, `
		SELECT max(cutoff) FROM revoked_identities WHERE identity = $1`, r.Identity.String()).Scan(&cutoff)
	if err != nil {
		return err
	}
	r.NotBefore = r.IssuedAt.Add(-backdate)
	if after := fromUnix(cutoff.Int64 + 1); cutoff.Valid && after.After(r.NotBefore) {
		r.NotBefore = after
	}
	if r.NotBefore.After(r.IssuedAt.Add(maxAhead)) {
		return fmt.Errorf("%w: %s was revoked at %s, and the clock says %s", ErrRevokedAhead, r.Identity, stamp(fromUnix(cutoff.Int64)), stamp(r.IssuedAt))
	}
	r.NotAfter = r.IssuedAt.Add(lifetime.Truncate(time.Second))
	if end := s.authority.root.NotAfter(); r.NotAfter.After(end) {
		r.NotAfter = end
	}
	if !r.NotAfter.After(r.IssuedAt) {
		return fmt.Errorf("%w at %s", ErrRootExpired, stamp(r.NotAfter))
	}
	return nil
}

// othersOf returns what Issued.Others says.
func othersOf(ctx context.Context, tx *sql.Tx, r Record) ([]Record, error) {
	all, err := recordsOf(ctx, tx, r.Identity)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	others := slices.DeleteFunc(all, func(o Record) bool {
		return o.KeyHash == r.KeyHash || !o.live(r.IssuedAt)
	})
	return others, err
}

func insert(ctx context.Context, tx *sql.Tx, r Record) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO certificates (serial, identity, key_hash, sealing_hash, not_before, not_after, issued_at, der)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.Serial.String(), r.Identity.String(), hex.EncodeToString(r.KeyHash[:]), hex.EncodeToString(r.SealingHash[:]),
		r.NotBefore.Unix(), r.NotAfter.Unix(), r.IssuedAt.Unix(), r.DER)
	return err
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
