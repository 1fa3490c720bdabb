package receive

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/certexch/certexch/internal/transfer"
)

// partial is a file that is being received, under its hidden name and readable by its owner alone.
type partial struct {
	folder *folder
	name   string // empty once the file has its own
	file   *os.File
	mode   fs.FileMode // that it will have
}

func newPartialName() string { return transfer.PartialPrefix + rand.Text() + transfer.PartialSuffix }

// newPartial makes an empty partial.
func newPartial(f *folder, executable bool) (*partial, error) {
	mode, err := f.mode(executable)
	if err != nil {
		return nil, err
	}
	p := &partial{folder: f, name: newPartialName(), mode: mode}
	p.file, err = f.root.OpenFile(p.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// finish gives the file its attributes. Nothing is written to it afterwards.
func (p *partial) finish(modTime time.Time) error {
	if err := unlessRefused(p.file.Chmod(p.mode)); err != nil {
		return err
	}
	return unlessRefused(p.folder.root.Chtimes(p.name, time.Time{}, modTime))
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
	if err := p.folder.root.Rename(p.name, name); err != nil {
		return err
	}
	p.name = ""
	p.folder.names.Add(1)
	return nil
}

// discard closes the file, and removes it unless it has its own name.
func (p *partial) discard() {
	_ = p.file.Close()
	if p.name != "" {
		_ = p.folder.root.Remove(p.name)
	}
}
