package share

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/certexch/certexch/internal/transfer"
)

// view is what one terminal sees. The shares that it may not see are not in it.
type view struct {
	shares map[string]*directory
	names  []string // of the shares, ascending
	now    func() time.Time

	mu     sync.Mutex
	window *window // of the directory that is being listed
}

func (v *view) Shares() []string { return v.names }

func (v *view) Stat(share, path string) (transfer.Entry, error) {
	place, err := v.find(share, path)
	if err != nil {
		return transfer.Entry{}, err
	}
	return place.entry()
}

func (v *view) Open(share, path string) (transfer.File, error) {
	place, err := v.find(share, path)
	if err != nil {
		return nil, err
	}
	f, err := place.open(isFile)
	if err != nil {
		return nil, err
	}
	opened, err := settle(f, v.now)
	if err != nil {
		f.Close()
		return nil, err
	}
	opened.entry.Name = place.base()
	return opened, nil
}

// place is a name below the root of a share that the terminal may see.
type place struct {
	share string
	root  *os.Root
	name  string // in the system's spelling; "." for the share itself
}

// find returns the place of path, which need not exist.
func (v *view) find(share, path string) (place, error) {
	d := v.shares[share]
	if d == nil {
		return place{}, fs.ErrNotExist
	}
	if err := transfer.CheckName(path); err != nil || hasPartial(path) {
		return place{}, fs.ErrNotExist
	}
	if path == "" {
		path = "."
	}
	name, err := filepath.Localize(path)
	if err != nil { // no name on this system
		return place{}, fs.ErrNotExist
	}
	return place{share, d.root, name}, nil
}

func hasPartial(path string) bool {
	for component := range strings.SplitSeq(path, "/") {
		if transfer.IsPartial(component) {
			return true
		}
	}
	return false
}

func (p place) base() string {
	if p.name == "." {
		return p.share
	}
	return filepath.Base(p.name)
}

// stat describes what is at p if it is served at all.
func (p place) stat() (fs.FileInfo, error) {
	info, err := p.root.Stat(p.name)
	if err != nil {
		return nil, hidden(err)
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	return info, nil
}

func (p place) entry() (transfer.Entry, error) {
	info, err := p.stat()
	if err != nil {
		return transfer.Entry{}, err
	}
	return entryOf(p.base(), info), nil
}

// What open may be asked for.
const (
	isFile      = false
	isDirectory = true
)

// open opens what is at p for reading. It looks before it opens, because opening a device can act on
// it, and again afterwards, because something else may be there by then.
func (p place) open(directory bool) (*os.File, error) {
	info, err := p.stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() != directory {
		return nil, transfer.ErrWrongKind
	}
	return p.openAny(directory)
}

// openAny opens whatever is at p and keeps it if it is what it should be. A pipe does not block it.
func (p place) openAny(directory bool) (*os.File, error) {
	f, err := p.root.OpenFile(p.name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, hidden(err)
	}
	info, err := f.Stat()
	if err == nil && (info.IsDir() != directory || !directory && !info.Mode().IsRegular()) {
		err = fs.ErrNotExist
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// hidden makes everything that is wrong with a name fs.ErrNotExist, so that a link that leads out is
// no other than nothing at all. What is left is fs.ErrPermission, transfer.ErrBusy when too many files are open,
// and what is wrong with this machine.
func hidden(err error) error {
	var number syscall.Errno
	if !errors.As(err, &number) && !errors.Is(err, os.ErrClosed) {
		return fs.ErrNotExist // os.Root refused the name
	}
	switch number {
	case syscall.ENOTDIR, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.ENXIO:
		return fs.ErrNotExist
	case syscall.EMFILE, syscall.ENFILE:
		return fmt.Errorf("%w: %w", transfer.ErrBusy, err)
	}
	return err
}
