package receive

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/certexch/certexch/internal/transfer"
)

// partial is a file that is being received, under its hidden name.
type partial struct {
	root *os.Root
	name string // empty once the file has its own
	file *os.File
	mode fs.FileMode // that it will have
}

// newPartial makes an empty partial. It is made with the mode that it shall have in the end, since only
// the making of a file tells what the umask leaves of that; until then nobody else may read it.
func newPartial(root *os.Root, executable bool) (*partial, error) {
	mode := fs.FileMode(0o666)
	if executable {
		mode = 0o777
	}
	p := &partial{root: root, name: transfer.PartialPrefix + rand.Text() + transfer.PartialSuffix}
	var err error
	if p.file, err = root.OpenFile(p.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode); err != nil {
		return nil, err
	}
	info, err := p.file.Stat()
	if err == nil {
		p.mode = info.Mode().Perm()
		err = unlessRefused(p.file.Chmod(0o600))
	}
	if err != nil {
		p.discard()
		return nil, err
	}
	return p, nil
}

// finish gives the file its attributes and makes it safe. Close can be the first to say that a write
// failed.
func (p *partial) finish(modTime time.Time) error {
	if err := unlessRefused(p.file.Chmod(p.mode)); err != nil {
		return err
	}
	if err := unlessRefused(p.root.Chtimes(p.name, time.Time{}, modTime)); err != nil {
		return err
	}
	if err := p.file.Sync(); err != nil {
		return err
	}
	return p.file.Close()
}

// unlessRefused lets pass that a file system does not keep an attribute: USB sticks have no modes.
func unlessRefused(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// rename gives the file its own name, in place of what has it.
func (p *partial) rename(name string) error {
	if err := p.root.Rename(p.name, name); err != nil {
		return err
	}
	p.name = ""
	return nil
}

// discard removes the file unless it has its own name.
func (p *partial) discard() {
	_ = p.file.Close()
	if p.name != "" {
		_ = p.root.Remove(p.name)
	}
}
