package receive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/certexch/certexch/internal/transfer"
)

// Source is what File needs of another terminal: a *transfer.Client has it.
type Source[C Content] interface {
	Stat(ctx context.Context, share, path string) (transfer.Entry, error)
	Read(ctx context.Context, want transfer.ReadRequest) (C, error)
}

// Content is what File needs of a content: a *transfer.Content has it. WriteTo returns no error only
// if everything that was written has been verified.
type Content interface {
	io.WriterTo
	io.Closer
	Entry() transfer.Entry
	Length() uint64
}

var _ Source[*transfer.Content] = (*transfer.Client)(nil)

// Destination is where a file is to be.
type Destination struct {
	// Dir is an existing directory.
	Dir string
	// Name is the name of the file in it: one component, as transfer.CheckName has it.
	Name string
}

func (d Destination) path() string { return filepath.Join(d.Dir, d.Name) }

// Options of File; the zero value is the careful one.
type Options struct {
	// Overwrite allows to replace a file, or a link, that is there already.
	Overwrite bool
	// Progress is called now and then, ten times a second at most, and when all has been received.
	// Both figures are bytes. Optional.
	Progress func(received, total uint64)
}

// Result is what File has done.
type Result struct {
	Entry   transfer.Entry // what the other terminal says of the file
	Bytes   uint64         // received
	Skipped bool           // the file was there already, or came while it was received, with this size and time of modification
}

var (
	// ErrNotReplaceable: the destination is a directory, a device or the like.
	ErrNotReplaceable = errors.New("it is neither a file nor a link")
	// ErrNotFolder: there is something else where a folder is to be: a file, or a link.
	ErrNotFolder = errors.New("it is not a folder")
)

// ExistsError: there is another file at the destination, and Options do not allow to replace it.
type ExistsError struct{ Path string }

func (e *ExistsError) Error() string { return fmt.Sprintf("%s exists and differs", e.Path) }

// NoFolderError: the directory of a destination is not there, or is none.
type NoFolderError struct {
	Dir string
	Err error // of the file system; nil if something else is there
}

func (e *NoFolderError) Error() string { return fmt.Sprintf("there is no folder %q", e.Dir) }

// Unwrap returns the file system's error.
func (e *NoFolderError) Unwrap() error { return e.Err }

// File receives one file and returns when it is safely on the disk. Errors of src are returned as they
// are, transfer.ErrWrongKind for a folder among them; of this side come what Destination.Check returns, *ExistsError, ErrNotReplaceable, ErrNoSpace and those of
// the file system.
func File[C Content](ctx context.Context, src Source[C], share, path string, dst Destination, opt Options) (Result, error) {
	f, err := openFolder(dst)
	if err != nil {
		return Result{}, err
	}
	defer f.root.Close()
	want := transfer.ReadRequest{Share: share, Path: path}
	there, err := f.look(dst.Name)
	if err != nil {
		return Result{}, err
	}
	if there != nil {
		entry, err := src.Stat(ctx, share, path)
		if err != nil {
			return Result{}, err
		}
		if entry.Dir {
			return Result{}, transfer.ErrWrongKind
		}
		if isSame(there, entry) {
			return Result{Entry: entry, Skipped: true}, nil
		}
		if err := f.mayReplace(there, dst.Name, opt.Overwrite); err != nil {
			return Result{}, err
		}
		want.IfVersion = &entry.Version
	}
	content, err := src.Read(ctx, want)
	if err != nil {
		return Result{}, err
	}
	defer content.Close()
	came, err := store(ctx, f, dst.Name, content, opt)
	if err != nil {
		return Result{}, noSpace(err)
	}
	return Result{Entry: content.Entry(), Bytes: content.Length(), Skipped: came}, nil
}

// store puts content where it belongs: content, attributes, sync, name, sync of the folder, in this order
// and not otherwise.
func store(ctx context.Context, f *folder, name string, content Content, opt Options) (came bool, err error) {
	if err := checkSpace(f.root, content.Length()); err != nil {
		return false, err
	}
	m := &meter{total: content.Length(), report: opt.Progress}
	l, err := land(f, name, content, opt.Overwrite, m.on)
	if err != nil {
		return false, err
	}
	if ctx.Err() != nil {
		l.discard()
		return false, context.Cause(ctx)
	}
	m.end()
	if came, err = l.take(); err != nil {
		return false, err
	}
	return came, f.sync()
}
