package receive

import (
	"errors"
	"io/fs"
)

// replace gives the file its own name, in place of what has it.
func (p *partial) replace(name string) error {
	return p.named(p.folder.root.Rename(p.name, name))
}

// place gives the file its own name if that is free: in one step, for between a look at it and a rename another
// program could put a file there, which would be lost. Otherwise the error matches fs.ErrExist.
func (p *partial) place(name string) error {
	err := renameNew(p.folder.root, p.name, name)
	if !errors.Is(err, errors.ErrUnsupported) {
		return p.named(err)
	}
	if err := p.folder.root.Link(p.name, name); err == nil || errors.Is(err, fs.ErrExist) {
		if err == nil {
			p.folder.names.Add(1) // the hidden name goes when p is discarded
		}
		return err
	}
	if p.folder.has(name) { // a disk that knows neither: a look is the best there is
		return fs.ErrExist
	}
	return p.replace(name)
}

// named notes that the file has its own name, unless giving it has failed.
func (p *partial) named(err error) error {
	if err == nil {
		p.name = ""
		p.folder.names.Add(1)
	}
	return err
}
