package authority

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/durable"
)

// maxAhead is how far what we sign may lie ahead of our clock. Terminals refuse
// a revocation list beyond it.
const maxAhead = 5 * time.Minute

// Config says where an authority lives and on what it depends. All fields are
// required.
type Config struct {
	Dir  string           // the private folder
	Now  func() time.Time // the clock
	Rand io.Reader        // for keys, salts and serial numbers; crypto/rand outside of tests
}

func (c Config) check() error {
	if c.Dir == "" || c.Now == nil || c.Rand == nil {
		return errors.New("an authority needs a folder, a clock and a source of randomness")
	}
	return nil
}

func (c Config) keyPath() string      { return filepath.Join(c.Dir, "root.key") }
func (c Config) databasePath() string { return filepath.Join(c.Dir, "authority.db") }

// now is the clock in the whole seconds that certificates count in.
func (c Config) now() time.Time { return c.Now().UTC().Truncate(time.Second) }

// Authority is an authority without its key: its root and its records.
type Authority struct {
	config Config
	db     *sql.DB
	root   *certauth.Root
}

// Open opens the authority in config.Dir. The error is ErrNoAuthority if there is
// none, ErrUnfinished if Create was interrupted there, and a
// durable.PermissionError if others could have read or changed it.
func Open(ctx context.Context, config Config) (*Authority, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	if err := durable.CheckSecret(config.keyPath()); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", config.Dir, ErrNoAuthority)
	} else if err != nil {
		return nil, err
	}
	if err := durable.CheckSecret(config.databasePath()); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", config.Dir, ErrUnfinished)
	} else if err != nil {
		return nil, err
	}
	db, err := openDatabase(config.databasePath())
	if err != nil {
		return nil, err
	}
	root, err := readRoot(ctx, db)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("%s: %w", config.Dir, err)
	}
	return &Authority{config, db, root}, nil
}

// readRoot also makes sure that the database is one of ours.
func readRoot(ctx context.Context, db *sql.DB) (*certauth.Root, error) {
	var tables, version int
	var der []byte
	err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables)
	if err == nil && tables == 0 {
		return nil, ErrUnfinished
	}
	if err == nil {
		err = db.QueryRowContext(ctx, "SELECT version FROM authority").Scan(&version)
	}
	if err == nil && version != schemaVersion {
		return nil, fmt.Errorf("the database has version %d, and this program knows version %d", version, schemaVersion)
	}
	if err == nil {
		err = db.QueryRowContext(ctx, "SELECT root FROM authority").Scan(&der)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the database: %w", err)
	}
	return certauth.ParseRoot(der)
}

// Close releases the database.
func (a *Authority) Close() error { return a.db.Close() }

// Root returns the authority's certificate.
func (a *Authority) Root() *certauth.Root { return a.root }

// Unlock returns the means to sign, or ErrPassphrase. It takes about as long and
// as much memory as the cost that Create was given says.
func (a *Authority) Unlock(passphrase []byte) (*Signer, error) {
	path := a.config.keyPath()
	file, err := durable.ReadSecret(path)
	if err != nil {
		return nil, err
	}
	key, err := openKey(file, passphrase)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	issuer, err := certauth.NewIssuer(a.root, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Signer{a, issuer}, nil
}
