package receive

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/certexch/certexch/internal/durable"
	"github.com/certexch/certexch/internal/transfer"
)

// folder is the directory of a destination, held open: what is done to names happens in it, whatever
// its path comes to stand for.
type folder struct {
	Destination
	root *os.Root
}

// Check reports, before anything is asked for, whether a file could be at d at all: its name is one, as a
// *transfer.NameError says otherwise, and its directory is there, as a *NoFolderError does.
func (d Destination) Check() error {
	if err := transfer.CheckName(d.Name); err != nil {
		return err
	}
	if d.Name == "" || d.Name == "." || strings.Contains(d.Name, "/") || transfer.IsPartial(d.Name) {
		return &transfer.NameError{Name: d.Name, Reason: "is no name for a file"}
	}
	if info, err := os.Stat(d.Dir); err != nil || !info.IsDir() {
		return &NoFolderError{d.Dir, err}
	}
	return nil
}

func openFolder(dst Destination) (*folder, error) {
	if err := dst.Check(); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dst.Dir)
	if err != nil {
		return nil, err
	}
	return &folder{dst, root}, nil
}

// look returns what is at the destination, a link itself and not what it points to; nil for nothing.
func (f *folder) look() (fs.FileInfo, error) {
	info, err := f.root.Lstat(f.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return info, err
}

// holds reports whether the file that an entry describes is at the destination already.
func (f *folder) holds(entry transfer.Entry) bool {
	info, err := f.look()
	return err == nil && info != nil && isSame(info, entry)
}

// mayTake returns nil if the destination's name is free or may be taken from what is there.
func (f *folder) mayTake(overwrite bool) error {
	info, err := f.look()
	switch {
	case err != nil || info == nil:
		return err
	case !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeSymlink:
		return &fs.PathError{Op: "replace", Path: f.path(), Err: ErrNotReplaceable}
	case !overwrite:
		return &ExistsError{f.path()}
	}
	return nil
}

// isSame reports whether a file is the one that an entry describes, by size and time of modification.
// Microseconds are what file systems keep in common.
func isSame(info fs.FileInfo, entry transfer.Entry) bool {
	return info.Mode().IsRegular() && !entry.Dir && uint64(info.Size()) == entry.Size &&
		info.ModTime().Truncate(time.Microsecond).Equal(entry.ModTime.Truncate(time.Microsecond))
}

// store writes content to the destination: content, attributes, sync, name, sync of the directory, in
// this order and not otherwise. It reports whether it stored nothing because the same file has come
// there in the meantime: by another process that was asked for it too.
func (f *folder) store(ctx context.Context, content Content, opt Options) (came bool, err error) {
	p, err := newPartial(f.root, content.Entry().Executable)
	if err != nil {
		return false, err
	}
	defer p.discard()
	if err := receive(p.file, content, opt.Progress); err != nil {
		return false, err
	}
	if err := p.finish(content.Entry().ModTime); err != nil {
		return false, err
	}
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if err := f.mayTake(opt.Overwrite); err != nil { // as it is now, not as it was before
		if f.holds(content.Entry()) {
			return true, durable.SyncDir(f.Dir)
		}
		return false, err
	}
	if err := p.rename(f.Name); err != nil {
		return false, err
	}
	return false, durable.SyncDir(f.Dir)
}
