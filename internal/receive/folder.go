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

func openFolder(dst Destination) (*folder, error) {
	if err := transfer.CheckName(dst.Name); err != nil {
		return nil, err
	}
	if dst.Name == "" || dst.Name == "." || strings.Contains(dst.Name, "/") || transfer.IsPartial(dst.Name) {
		return nil, &transfer.NameError{Name: dst.Name, Reason: "is no name for a file"}
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
// this order and not otherwise.
func (f *folder) store(ctx context.Context, content Content, opt Options) (err error) {
	p, err := newPartial(f.root, content.Entry().Executable)
	if err != nil {
		return err
	}
	defer p.discard()
	if err := receive(p.file, content, opt.Progress); err != nil {
		return err
	}
	if err := p.finish(content.Entry().ModTime); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := f.mayTake(opt.Overwrite); err != nil { // as it is now, not as it was before
		return err
	}
	if err := p.rename(f.Name); err != nil {
		return err
	}
	return durable.SyncDir(f.Dir)
}
