package share

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/certexch/certexch/internal/transfer"
)

// windowNames is how many names of a directory are kept between two pages of its list. A directory is
// read once for so many entries, not once a page, and 4 MiB hold them at their longest.
const windowNames = 16384

// window is a stretch of the names of a directory, ascending.
type window struct {
	share, name string
	from        string   // no name of the directory lies between from and names
	names       []string // not served, some of them
	last        bool     // no name follows
}

// after returns the names of w after a name, if w knows them.
func (w *window) after(share, name, after string) (names []string, ok bool) {
	if w == nil || w.share != share || w.name != name || after < w.from {
		return nil, false
	}
	i, found := slices.BinarySearch(w.names, after)
	if found {
		i++
	}
	return w.names[i:], w.last || i < len(w.names)
}

// List gives a page of a directory. A first page reads the directory anew; those that follow may be of
// the names that it had then, but each entry is as it is now.
func (v *view) List(share, path, after string, limit int) (entries []transfer.Entry, more bool, err error) {
	p, err := v.find(share, path)
	if err != nil {
		return nil, false, err
	}
	fresh := after == ""
	for {
		w, names, err := v.namesAfter(p, after, fresh)
		if err != nil {
			return nil, false, err
		}
		for len(names) > 0 && len(entries) < limit {
			after, names = names[0], names[1:]
			child := p.child(after)
			entry, err := child.entry()
			switch {
			case err == nil && entry.Dir && child.leadsUp():
			case err == nil:
				entries = append(entries, entry)
			case !isAbsent(err):
				return nil, false, err
			}
		}
		if more = len(names) > 0 || !w.last; !more || len(entries) == limit {
			v.keep(w, more)
			return entries, more, nil
		}
		fresh = false
	}
}

// isAbsent reports whether what is wrong with an entry is only that it is not served: the rest of the
// list is none the worse for it.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
}

// leadsUp reports whether a folder is one of those that it lies in, by a link: who went through all folders would
// never come to an end.
func (p place) leadsUp() bool {
	link, err := p.root.Lstat(p.name)
	if err != nil || link.Mode().Type() != fs.ModeSymlink {
		return false
	}
	target, err := p.root.Stat(p.name)
	if err != nil {
		return false
	}
	for above := filepath.Dir(p.name); ; above = filepath.Dir(above) {
		if info, err := p.root.Stat(above); err == nil && os.SameFile(info, target) {
			return true
		}
		if above == "." {
			return false
		}
	}
}

func (p place) child(name string) place {
	return place{p.share, p.root, filepath.Join(p.name, name)}
}

// namesAfter returns the names of a directory after a name, as far as the window goes that it returns
// with them.
func (v *view) namesAfter(p place, after string, fresh bool) (*window, []string, error) {
	v.mu.Lock()
	w := v.window
	v.mu.Unlock()
	if !fresh {
		if names, ok := w.after(p.share, p.name, after); ok {
			return w, names, nil
		}
	}
	w, err := readWindow(p, after, transfer.MaxListing)
	if err != nil {
		return nil, nil, err
	}
	return w, w.names, nil
}

// keep keeps w for the next page, if there is one.
func (v *view) keep(w *window, more bool) {
	if !more {
		w = nil
	}
	v.mu.Lock()
	v.window = w
	v.mu.Unlock()
}

// readWindow reads a directory and returns the first windowNames of its names after a name. It holds
// twice as many at most, however large the directory is, and gives up at more than limit names.
func readWindow(p place, after string, limit int) (*window, error) {
	dir, err := p.open(isDirectory)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	w := &window{share: p.share, name: p.name, from: after, last: true}
	for total := 0; ; {
		batch, err := dir.Readdirnames(1024)
		if total += len(batch); total > limit {
			return nil, transfer.ErrTooLarge
		}
		for _, name := range batch {
			if name > after && isServed(name) {
				w.names = append(w.names, name)
			}
		}
		if len(w.names) >= 2*windowNames-1024 || err == io.EOF {
			w.trim()
		}
		if err == io.EOF {
			return w, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// isServed reports whether a name of a directory may be the name of an entry.
func isServed(name string) bool {
	_, err := filepath.Localize(name)
	return err == nil && transfer.CheckName(name) == nil && !transfer.IsPartial(name)
}

// trim sorts the names and keeps the first windowNames of them.
func (w *window) trim() {
	slices.Sort(w.names)
	if len(w.names) > windowNames {
		clear(w.names[windowNames:])
		w.names = w.names[:windowNames]
		w.last = false
	}
}
