package authority

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// schemaVersion counts the changes to schema. A database of another version is
// refused.
const schemaVersion = 1

// Times are Unix seconds, hashes and serial numbers lower-case hexadecimal: easy
// to read by hand, and the same in other databases. So are the queries.
const schema = `
CREATE TABLE authority (
	version      INTEGER NOT NULL,
	root         BLOB    NOT NULL, -- DER
	list         BLOB    NOT NULL, -- the current revocation list, DER
	list_number  INTEGER NOT NULL, -- its time
	list_until   INTEGER NOT NULL  -- its end
) STRICT;
CREATE TABLE certificates (
	serial       TEXT    NOT NULL PRIMARY KEY,
	identity     TEXT    NOT NULL,
	key_hash     TEXT    NOT NULL, -- SHA-256 of the SubjectPublicKeyInfo
	sealing_hash TEXT    NOT NULL, -- SHA-256 of the sealing key
	not_before   INTEGER NOT NULL,
	not_after    INTEGER NOT NULL,
	issued_at    INTEGER NOT NULL,
	der          BLOB    NOT NULL
) STRICT;
CREATE INDEX certificates_identity     ON certificates (identity);
CREATE INDEX certificates_key_hash     ON certificates (key_hash);
CREATE INDEX certificates_sealing_hash ON certificates (sealing_hash);
CREATE TABLE revoked_serials (
	serial       TEXT    NOT NULL PRIMARY KEY REFERENCES certificates (serial),
	revoked_at   INTEGER NOT NULL,
	reason       TEXT    NOT NULL
) STRICT;
CREATE TABLE revoked_keys (
	key_hash     TEXT    NOT NULL PRIMARY KEY,
	revoked_at   INTEGER NOT NULL,
	reason       TEXT    NOT NULL
) STRICT;
CREATE TABLE revoked_identities (
	identity     TEXT    NOT NULL,
	cutoff       INTEGER NOT NULL, -- certificates valid from then or earlier are revoked
	reason       TEXT    NOT NULL,
	PRIMARY KEY (identity, cutoff)
) STRICT;
`

// openDatabase opens the existing file path. Every transaction takes the write
// lock when it begins, so that what it has read is still true when it writes,
// and is on the disk when it has been committed, the folder entry of the journal
// included.
func openDatabase(path string) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
	}
	name := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"mode":          {"rw"},
		"_busy_timeout": {"10000"}, // milliseconds
		"_synchronous":  {"EXTRA"},
		"_foreign_keys": {"1"},
		"_txlock":       {"immediate"},
		"_dqs":          {"0"},
		"_defensive":    {"1"},
	}.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// transact runs f in a transaction and commits it unless f fails.
func transact(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// queryer is what a database and a transaction have in common.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// collect runs a query and returns its rows, each read by scan.
func collect[T any](ctx context.Context, q queryer, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
