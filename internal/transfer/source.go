package transfer

import "io"

// Source is what one client may see of this terminal: the question of permission is behind it. Names
// that it is asked for have passed CheckShare and CheckName, "" being the share itself. It may be
// called concurrently.
//
// Errors become statuses: a *StatusError its own, fs.ErrNotExist, fs.ErrPermission, ErrChanged,
// ErrRange, ErrWrongKind, ErrBusy and ErrTooLarge theirs, anything else StatusFailed. A share that the client may
// not see must be fs.ErrNotExist, as one that does not exist.
type Source interface {
	// Shares returns the names of the shares that the client may see, ascending, MaxShares at most.
	Shares() []string
	// List returns up to limit entries of a directory, ascending by name and greater than after, and
	// whether there are more. Entries that CheckName refuses are left out.
	List(share, path, after string, limit int) (entries []Entry, more bool, err error)
	// Stat describes a file or directory.
	Stat(share, path string) (Entry, error)
	// Open opens a regular file, and ErrWrongKind is its answer to a directory.
	Open(share, path string) (File, error)
}

// File is one version of a file.
type File interface {
	io.ReaderAt
	// Entry describes the file as it was when it was opened.
	Entry() Entry
	// Unchanged returns ErrChanged unless everything read until now is of the version of Entry.
	Unchanged() error
	Close() error
}
