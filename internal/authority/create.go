package authority

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/durable"
)

// Limits and defaults of certificates and lists.
const (
	DefaultRootLifetime = 10 * 365 * 24 * time.Hour
	DefaultLifetime     = 30 * 24 * time.Hour // of a terminal's certificate
	DefaultListValidity = 30 * 24 * time.Hour
	backdate            = 5 * time.Minute // for terminals whose clock is behind
)

// Options say what a new authority is. All fields are required.
type Options struct {
	TrustDomain certauth.TrustDomain
	Lifetime    time.Duration // of the root certificate
	Cost        Cost          // of a guess at the passphrase
	// Passphrase encrypts the root key. It is asked for only once everything
	// else has turned out well.
	Passphrase func() ([]byte, error)
}

// Create makes a new authority in config.Dir, which it makes as well if need be.
// If there is one already, the error is ErrExists and nothing is changed.
func Create(ctx context.Context, config Config, o Options) (*certauth.Root, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	if o.TrustDomain.IsZero() || o.Lifetime < time.Second || o.Passphrase == nil {
		return nil, errors.New("a new authority needs a trust domain, a lifetime and a passphrase")
	}
	for _, path := range []string{config.keyPath(), config.databasePath()} {
		if _, err := os.Lstat(path); err == nil {
			return nil, fmt.Errorf("%s: %w", config.Dir, ErrExists)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if err := durable.MkdirPrivate(config.Dir); err != nil {
		return nil, err
	}
	passphrase, err := o.Passphrase()
	if err != nil {
		return nil, err
	}
	return create(ctx, config, o, passphrase)
}

// create writes the key file first, which also keeps a second Create out, and
// the database in one transaction. In between lies what Open calls unfinished.
func create(ctx context.Context, config Config, o Options, passphrase []byte) (*certauth.Root, error) {
	if len(passphrase) == 0 {
		return nil, errors.New("the passphrase is empty")
	}
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(config.Rand, seed); err != nil {
		return nil, err
	}
	key := ed25519.NewKeyFromSeed(seed)
	root, err := newRoot(config, o, key)
	if err != nil {
		return nil, err
	}
	file, err := sealKey(key, passphrase, o.Cost, config.Rand)
	if err != nil {
		return nil, err
	}
	err = durable.CreateFile(config.keyPath(), file, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s: %w", config.Dir, ErrExists)
	}
	if err != nil {
		return nil, err
	}
	if err := createDatabase(ctx, config, root, key); err != nil {
		return nil, errors.Join(err, os.Remove(config.keyPath()))
	}
	return root, nil
}

func newRoot(config Config, o Options, key ed25519.PrivateKey) (*certauth.Root, error) {
	now := config.now()
	der, err := certauth.NewRoot(o.TrustDomain, key, now.Add(-backdate), now.Add(o.Lifetime), config.Rand)
	if err != nil {
		return nil, err
	}
	return certauth.ParseRoot(der)
}

// createDatabase leaves no file behind if it fails.
func createDatabase(ctx context.Context, config Config, root *certauth.Root, key ed25519.PrivateKey) error {
	path := config.databasePath()
	if err := durable.CreateFile(path, nil, 0o600); err != nil {
		return err
	}
	db, err := openDatabase(path)
	if err == nil {
		err = transact(ctx, db, func(tx *sql.Tx) error { return fill(ctx, tx, config, root, key) })
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// fill makes the tables, with the root and a first list that revokes nothing.
func fill(ctx context.Context, tx *sql.Tx, config Config, root *certauth.Root, key ed25519.PrivateKey) error {
	issuer, err := certauth.NewIssuer(root, key)
	if err != nil {
		return err
	}
	now := config.now()
	until := now.Add(DefaultListValidity)
	list, err := issuer.SignCRL(certauth.Revocations{}, uint64(now.Unix()), now, until)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO authority (version, root, list, list_number, list_until)
		VALUES ($1, $2, $3, $4, $5)`, schemaVersion, root.DER(), list, now.Unix(), until.Unix())
	return err
}
