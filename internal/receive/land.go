package receive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/certexch/certexch/internal/transfer"
)

// diskError is an error of this side, where the other might be to blame.
type diskError struct {
	path string // of the file that was to be, and not of the one that it would have come from
	err  error
}

func (e *diskError) Error() string {
	cause := e.err
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(cause, &path):
		cause = path.Err
	case errors.As(cause, &link):
		cause = link.Err
	}
	return fmt.Sprintf("cannot write %s: %v", e.path, cause)
}

func (e *diskError) Unwrap() error { return e.err }

// onDisk makes an error, if there is one, one of this side.
func (l *landing) onDisk(err error) error {
	if err == nil {
		return nil
	}
	return &diskError{l.folder.join(l.from.name), err}
}

// sink is the partial, with errors that are of this side.
type sink struct{ *landing }

func (s sink) Write(p []byte) (int, error) {
	n, err := s.partial.file.Write(p)
	return n, s.onDisk(err)
}

// landing is a file on its way into its place.
type landing struct {
	folder    *folder
	from      origin
	overwrite bool

	partial *partial // nil until there is something to put in it
	entry   transfer.Entry
	bytes   uint64 // received by this run
}

// request is what to ask for: everything, or the rest of what is here.
func (l *landing) request(version [16]byte) transfer.ReadRequest {
	want := transfer.ReadRequest{Share: l.from.share, Path: l.from.path}
	if l.partial != nil {
		want.Offset, want.IfVersion = l.partial.offset, &version
	}
	return want
}

// receive takes up content. What is wrong here, and not with the content, is a *diskError. After an error
// the partial is gone, or left for a later run if the other side may yet send the rest of it.
func (l *landing) receive(content Content, wrap func(io.Writer) io.Writer) (err error) {
	l.entry, l.bytes = content.Entry(), content.Length()
	defer func() {
		if err != nil {
			l.give(err)
		}
	}()
	mode, err := l.folder.mode(l.entry.Executable)
	if err == nil && l.partial == nil {
		l.partial, err = newPartial(l.folder, l.from.hidden())
	}
	if err == nil {
		err = l.partial.begin(l.from, l.entry)
	}
	if err != nil {
		return l.onDisk(err)
	}
	if l.partial.journal != nil {
		content.OnBlock(l.partial.journal.note)
	}
	if _, err := content.WriteTo(wrap(sink{l})); err != nil {
		return err
	}
	return l.onDisk(l.partial.finish(mode, l.entry.ModTime))
}

// give gives the partial up after err.
func (l *landing) give(err error) {
	p := l.partial
	l.partial = nil
	switch {
	case p == nil:
	case errors.As(err, new(*diskError)), errors.Is(err, transfer.ErrViolation), isAnswer(err):
		p.discard()
	default:
		p.keep()
	}
}

// take makes the file safe and gives it its name. The name itself is safe after a sync of the folder. It
// reports whether the same file has come to be there in the meantime, from another process that was asked
// for it too.
func (l *landing) take() (came bool, err error) {
	defer l.partial.discard()
	if err := l.partial.file.Sync(); err != nil {
		return false, l.onDisk(err)
	}
	name := l.from.name
	if l.overwrite {
		if err := l.folder.mayTake(name, true); err != nil { // as it is now, not as it was before
			return false, err
		}
		return false, l.onDisk(l.partial.replace(name))
	}
	err = l.partial.place(name)
	if !errors.Is(err, fs.ErrExist) {
		return false, l.onDisk(err)
	}
	if l.folder.holds(name, l.entry) {
		l.folder.names.Add(1) // somebody else's, and perhaps not safe yet
		return true, nil
	}
	if why := l.folder.mayTake(name, false); why != nil {
		return false, why
	}
	return false, l.onDisk(err)
}
