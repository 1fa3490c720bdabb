package allowlist

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/durable"
)

// Add registers identities. An identity that has a line already gets that line
// rewritten to say what the entry says, no more and no less; its comment stays
// unless the entry brings a note. Others get a line at the end. All other bytes
// stay as they are. The file is made if it is missing.
//
// ctx bounds the wait for another process that is editing. On an error, be it an
// entry that makes no valid line, be it a file that does not parse, nothing is
// changed; with that of a failing disk, the file is the old or the new one.
func (s *Store) Add(ctx context.Context, entries ...Entry) error {
	return s.edit(ctx, func(lines []line) ([]line, error) {
		for _, e := range entries {
			e.Note = strings.TrimSpace(e.Note)
			l, err := newLine(e)
			if err != nil {
				return nil, err
			}
			if i := slices.IndexFunc(lines, isFor(e.Identity)); i >= 0 {
				lines[i] = lines[i].update(l)
			} else {
				lines = append(lines, l)
			}
		}
		return lines, nil
	})
}

// Remove takes identities off the list, each with its whole line, and returns
// those that were on it. Nothing else is changed, and nothing at all if none was.
// ctx and errors are as with Add.
func (s *Store) Remove(ctx context.Context, ids ...certauth.Identity) (removed []certauth.Identity, err error) {
	err = s.edit(ctx, func(lines []line) ([]line, error) {
		for _, id := range ids {
			if i := slices.IndexFunc(lines, isFor(id)); i >= 0 {
				lines = slices.Delete(lines, i, i+1)
				removed = append(removed, id)
			}
		}
		return lines, nil
	})
	if err != nil {
		return nil, err
	}
	return removed, nil
}

func isFor(id certauth.Identity) func(line) bool {
	return func(l line) bool { return l.entry != nil && l.entry.Identity == id }
}

// newLine writes an entry and reads it back, so that no entry made by a program
// can get into the file that a person could not have written there.
func newLine(e Entry) (line, error) {
	text := []byte(e.String())
	lines, err := parseLines(append(text, '\n'))
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		return line{}, fmt.Errorf("the entry for %s: %s", e.Identity, syntax.Msg)
	}
	if lines[0].entry == nil || lines[0].entry.String() != e.String() {
		return line{}, fmt.Errorf("the entry for %s cannot be written as a line: %q", e.Identity, text)
	}
	return lines[0], nil
}

// update returns l saying what new says, but with its own comment if new has
// none. A line that says it already stays as it is written.
func (l line) update(new line) line {
	if new.entry.Note != "" && new.entry.Note != l.entry.Note {
		return new
	}
	if new.entry.fields() == l.entry.fields() {
		return l
	}
	fields := bytes.TrimSuffix(new.text, new.tail)
	new.text, new.tail = slices.Concat(fields, l.tail), l.tail
	new.entry.Note = l.entry.Note
	return new
}

// edit replaces the file by what change makes of its lines, under the lock.
func (s *Store) edit(ctx context.Context, change func([]line) ([]line, error)) error {
	unlock, err := durable.Lock(ctx, s.path+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	old, mode, err := s.read()
	if err != nil {
		return err
	}
	lines, err := parseLines(old)
	if err != nil {
		return fmt.Errorf("not edited, because it does not parse: %s: %w", s.path, err)
	}
	lines, err = change(lines)
	if err != nil {
		return err
	}
	data := join(lines)
	if bytes.Equal(data, old) {
		return nil
	}
	if _, err := Parse(data); err != nil {
		return fmt.Errorf("not edited: %s would not parse: %w", s.path, err)
	}
	if err := durable.WriteFile(s.path, data, mode); err != nil {
		return err
	}
	// It is whole, and says so by its time of change: nobody has to wait for it to rest. If that cannot be
	// set, it counts once it has rested.
	_ = durable.AsOwner(filepath.Dir(s.path), func() error {
		return os.Chtimes(s.path, time.Time{}, time.Now().Add(-restTime))
	})
	return nil
}

// read returns the file with its mode; a missing one is an empty, private one.
func (s *Store) read() ([]byte, fs.FileMode, error) {
	var info fs.FileInfo
	err := durable.AsOwner(filepath.Dir(s.path), func() (err error) {
		info, err = os.Stat(s.path)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0o600, nil
	}
	if err != nil {
		return nil, 0, err
	}
	data, _, err := readList(s.path)
	return data, info.Mode().Perm(), err
}

func join(lines []line) []byte {
	var b bytes.Buffer
	for _, l := range lines {
		b.Write(l.text)
		b.WriteByte('\n')
	}
	return b.Bytes()
}
