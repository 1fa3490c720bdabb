package receive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

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
	OnBlock(func(hash [32]byte))
}

var _ Source[*transfer.Content] = (*transfer.Client)(nil)

// Destination is where a file is to be.
type Destination struct {
	// Dir is an existing directory.
	Dir string
	// Name is the name of the file in it: one component, as transfer.CheckName has it.
	Name string
}

// Options of File; the zero value is the careful one.
type Options struct {
	// Terminal is the identity of the other terminal. What has been received of its files is gone on with
	// for no other.
	Terminal string
	// Overwrite allows to replace a file, or a link, that is there already.
	Overwrite bool
	// Progress is called now and then, ten times a second at most, and when all has been received.
	// Both figures are bytes. Optional.
	Progress func(received, total uint64)
}

// Result is what File has done.
type Result struct {
	Entry   transfer.Entry // what the other terminal says of the file
	Bytes   uint64         // received by this call
	Resumed uint64         // bytes that were here already, from an earlier one
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

// File receives one file and returns when it is safely on the disk. What an earlier run has received of the
// same version is not asked for again. Errors of src are returned as they are, transfer.ErrWrongKind for a
// folder among them; of this side come what Destination.Check returns, *ExistsError, ErrNotReplaceable,
// ErrNoSpace and those of the file system.
func File[C Content](ctx context.Context, src Source[C], share, path string, dst Destination, opt Options) (Result, error) {
	f, err := openFolder(dst)
	if err != nil {
		return Result{}, err
	}
	defer f.root.Close()
	f.found()
	f.sweep(time.Now())
	l := &landing{folder: f, from: origin{opt.Terminal, share, path, dst.Name}, overwrite: opt.Overwrite}
	want := l.request([16]byte{})
	entry, skip, err := l.compare(ctx, src.Stat)
	if err == nil && skip {
		err = f.sync()
	}
	if err != nil || skip {
		return Result{Entry: entry, Skipped: skip}, err
	}
	if entry != (transfer.Entry{}) {
		l.partial = resume(ctx, f, l.from, entry)
		want = l.request(entry.Version)
		want.IfVersion = &entry.Version // that it was compared with
	}
	content, err := src.Read(ctx, want)
	if err != nil {
		if l.partial != nil {
			l.partial.keep()
		}
		return Result{}, err
	}
	defer content.Close()
	came, err := l.store(ctx, content, opt.Progress)
	if err != nil {
		return Result{}, noSpace(err)
	}
	return Result{Entry: content.Entry(), Bytes: content.Length(), Resumed: want.Offset, Skipped: came}, nil
}

// compare looks at what is here already: a file of that name, or a part of it. If there is either, it
// returns what the other terminal says of the file, and whether there is nothing to do.
func (l *landing) compare(ctx context.Context, stat func(ctx context.Context, share, path string) (transfer.Entry, error)) (entry transfer.Entry, skip bool, err error) {
	there, err := l.folder.look(l.from.name)
	if err != nil {
		return entry, false, err
	}
	if there == nil && !l.folder.has(l.from.hidden()) {
		return entry, false, nil
	}
	if entry, err = stat(ctx, l.from.share, l.from.path); err != nil {
		return entry, false, err
	}
	switch {
	case entry.Dir:
		return entry, false, &transfer.StatusError{Status: transfer.StatusWrongKind, Op: "read", Path: path.Join(l.from.share, l.from.path)}
	case there == nil:
		return entry, false, nil
	case isSame(there, entry):
		l.folder.tidy(l.from)
		return entry, true, nil
	}
	return entry, false, l.folder.mayReplace(there, l.from.name, l.overwrite)
}

// store puts content where it belongs: content, attributes, sync, name, sync of the folder, in this order
// and not otherwise.
func (l *landing) store(ctx context.Context, content Content, progress func(received, total uint64)) (came bool, err error) {
	if err := checkSpace(l.folder.root, content.Length()); err != nil {
		l.give(err)
		return false, err
	}
	m := &meter{total: content.Entry().Size, received: content.Entry().Size - min(content.Entry().Size, content.Length()), report: progress}
	if err := l.receive(content, m.on); err != nil {
		return false, err
	}
	if ctx.Err() != nil {
		l.partial.keep()
		return false, context.Cause(ctx)
	}
	m.end()
	if came, err = l.take(); err != nil {
		return false, err
	}
	return came, l.folder.sync()
}
