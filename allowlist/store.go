package allowlist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/certexch/certexch/internal/durable"
)

// Store is a list in a file. It is safe for concurrent use, in one process and
// in several.
type Store struct {
	path string

	mu     sync.Mutex // guards what follows
	seen   bool       // whether data, list and err come from the file
	data   []byte     // the file as last read
	list   *List      // the last complete list, nil for nobody
	err    error      // why data did not parse
	missed time.Time  // when the file was first found missing, zero while it is there
}

// NewStore returns the store for the file path. It touches nothing.
func NewStore(path string) *Store { return &Store{path: path} }

// Load reads the list at the start of a terminal. A missing file is a list of
// nobody. A file that cannot be read or does not parse is an error, in the
// latter case with a [*SyntaxError]: a terminal must not start on half a list.
func (s *Store) Load() (*List, error) {
	list, err := s.Current()
	if errors.Is(err, fs.ErrNotExist) {
		return list, nil
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Current returns the list in force, which is never nil, for a decision to be
// made now. It reads the file each time, so that no edit can hide behind an
// unchanged size and time stamp, but parses it only if its bytes have changed.
//
// An editor may empty the file before it writes it, or take it away before it
// puts another in its place. What has changed therefore counts once it has been
// at rest for a quarter of a second; a file that is taken away counts as missing
// half a second after the first look for it, at the latest. Edits by Add and
// Remove count at once.
//
// With an error the list still counts. If the file is missing or unreadable it
// is empty. If the file does not parse, which includes a last line without a
// line feed, it is the last complete one, or empty if there was none.
func (s *Store) Current() (*List, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, rests, err := readList(s.path)
	if err == nil && s.list != nil && rests && !bytes.Equal(data, s.data) {
		// File systems empty a file before they note the time of that.
		time.Sleep(noteTime)
		data, rests, err = readList(s.path)
	}
	if errors.Is(err, fs.ErrNotExist) && s.list != nil && s.aboutToReturn() {
		return s.list, s.err
	}
	s.missed = time.Time{}
	if err != nil {
		s.seen, s.data, s.list, s.err = false, nil, nil, nil
		return &List{}, err
	}
	if !s.seen || !bytes.Equal(data, s.data) && (rests || s.list == nil) {
		s.take(data)
	}
	if s.list == nil {
		return &List{}, s.err
	}
	return s.list, s.err
}

// take makes data the content of the file. The caller holds s.mu.
func (s *Store) take(data []byte) {
	s.seen, s.data, s.err = true, data, nil
	list, err := Parse(data)
	if err != nil {
		s.err = fmt.Errorf("%s: %w", s.path, err)
		return
	}
	s.list = list
}

// noteTime is more than a file system takes from a change to its time stamp.
const noteTime = 10 * time.Millisecond

// restTime is how long nobody has written to a file that is taken to be whole.
const restTime = 250 * time.Millisecond

// readList reads at most what Parse needs to see that a list is too large. It
// reports whether the file has been at rest before that and while it was read.
func readList(path string) (data []byte, rests bool, err error) {
	f, err := durable.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	data, err = io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, false, err
	}
	after, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	return data, rested(after) && after.ModTime().Equal(before.ModTime()), nil
}

// aboutToReturn reports whether the file has been missing for a moment only, and may be about to be put back.
func (s *Store) aboutToReturn() bool {
	if s.missed.IsZero() {
		s.missed = time.Now()
	}
	return time.Since(s.missed) < 2*restTime && !folderRests(s.path)
}

// folderRests reports whether the folder of path has long been as it is: what is not in it is not about
// to be put there.
func folderRests(path string) bool {
	info, err := os.Stat(filepath.Dir(path))
	return err != nil || rested(info)
}

// rested reports whether the last change is long ago. A clock that was set back is no reason to wait.
func rested(info fs.FileInfo) bool {
	age := time.Since(info.ModTime())
	return age >= restTime || age < 0
}
