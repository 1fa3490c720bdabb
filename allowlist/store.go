package allowlist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
)

// Store is a list in a file. It is safe for concurrent use, in one process and
// in several.
type Store struct {
	path string

	mu   sync.Mutex // guards what follows
	seen bool       // whether data, list and err come from the file
	data []byte     // the file as last read
	list *List      // the last complete list, nil for nobody
	err  error      // why data did not parse
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
// With an error the list still counts. If the file is missing or unreadable it
// is empty. If the file does not parse, which includes a last line without a
// line feed, it is the last complete one, or empty if there was none.
func (s *Store) Current() (*List, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := readList(s.path)
	if err != nil {
		s.seen, s.data, s.list, s.err = false, nil, nil, nil
		return &List{}, err
	}
	if !s.seen || !bytes.Equal(data, s.data) {
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

// readList reads at most what Parse needs to see that a list is too large.
func readList(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxSize+1))
}
