package receive

import (
	"io"

	"github.com/certexch/certexch/internal/transfer"
)

// landed is a file whose content is here, verified, under its hidden name.
type landed struct {
	*partial
	as        string // the name that it is to have
	entry     transfer.Entry
	bytes     uint64 // received
	overwrite bool
}

// diskError is an error of this side, where the other might be to blame.
type diskError struct{ error }

func (e *diskError) Unwrap() error { return e.error }

func onDisk(err error) error {
	if err == nil {
		return nil
	}
	return &diskError{err}
}

// sink is a file whose errors are of this side.
type sink struct{ file io.Writer }

func (s sink) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	return n, onDisk(err)
}

// land receives content into a partial of f. What is wrong here, and not with the content, is a *diskError.
func land(f *folder, name string, content Content, overwrite bool, wrap func(io.Writer) io.Writer) (*landed, error) {
	entry := content.Entry()
	p, err := newPartial(f, entry.Executable)
	if err != nil {
		return nil, &diskError{err}
	}
	if _, err = content.WriteTo(wrap(sink{p.file})); err == nil {
		err = onDisk(p.finish(entry.ModTime))
	}
	if err != nil {
		p.discard()
		return nil, err
	}
	return &landed{partial: p, as: name, entry: entry, bytes: content.Length(), overwrite: overwrite}, nil
}

// take makes the file safe and gives it its name. The name itself is safe after a sync of the folder. It
// reports whether the same file has come to be there in the meantime, from another process that was asked
// for it too.
func (l *landed) take() (came bool, err error) {
	defer l.discard()
	if err := l.file.Sync(); err != nil {
		return false, err
	}
	if err := l.folder.mayTake(l.as, l.overwrite); err != nil { // as it is now, not as it was before
		if l.folder.holds(l.as, l.entry) {
			l.folder.names.Add(1) // somebody else's, and perhaps not safe yet
			return true, nil
		}
		return false, err
	}
	return false, l.rename(l.as)
}
