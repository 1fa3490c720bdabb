package receive

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/zeebo/blake3"

	"github.com/certexch/certexch/internal/transfer"
)

// partial is a file that is being received, under its hidden name, readable by its owner alone, and locked.
type partial struct {
	folder  *folder
	name    string // empty once the file has its own
	spare   bool   // no later run looks for the name
	journal *journal
	file    *os.File
	offset  uint64 // bytes that an earlier run has received and that have been verified
}

// origin is what a file is received from, and where to. It names the partial, so that a later run finds it.
type origin struct {
	terminal, share, path string
	name                  string // that the file is to have
}

// hidden returns the name of the partial.
func (o origin) hidden() string {
	h := blake3.New()
	for _, s := range []string{"certexch partial", o.terminal, o.share, o.path, o.name} {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
		_, _ = h.WriteString(s)
	}
	var hash [32]byte
	h.Sum(hash[:0])
	return transfer.PartialPrefix + base32.StdEncoding.EncodeToString(hash[:15]) + transfer.PartialSuffix
}

func newPartialName() string { return transfer.PartialPrefix + rand.Text() + transfer.PartialSuffix }

// newPartial makes an empty partial. One that is there already is thrown away if nobody uses it; otherwise
// the new one gets a name that no later run will look for.
func newPartial(f *folder, name string) (*partial, error) { return newHidden(f, name, 0o600) }

// newHidden is newPartial for any mode, of which the umask leaves what it leaves.
func newHidden(f *folder, name string, mode fs.FileMode) (*partial, error) {
	p, err := create(f, name, mode)
	if errors.Is(err, fs.ErrExist) {
		if old := reopen(f, name); old != nil {
			old.discard()
			p, err = create(f, name, mode)
		}
	}
	if errors.Is(err, fs.ErrExist) || errors.Is(err, errInUse) {
		if p, err = create(f, newPartialName(), mode); err == nil {
			p.spare = true
		}
	}
	return p, err
}

// errInUse: another process has a partial in use, or it cannot be told.
var errInUse = errors.New("the partial file is in use")

// create makes a partial that does not exist.
func create(f *folder, name string, mode fs.FileMode) (*partial, error) {
	file, err := f.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	if lock(file) != nil || !f.isNamed(name, file) { // somebody was quicker, and takes it for left behind
		file.Close()
		return nil, errInUse
	}
	return &partial{folder: f, name: name, file: file}, nil
}

// reopen opens a partial that was left behind. It returns nil for one that is in use, and for what is none
// of this user's: a link, another's file, one with another name elsewhere.
func reopen(f *folder, name string) *partial {
	info, err := f.root.Lstat(name)
	if err != nil || !isOurs(info) {
		return nil
	}
	file, err := f.root.OpenFile(name, os.O_RDWR|openCarefully, 0)
	if err != nil {
		return nil
	}
	opened, err := file.Stat()
	if err != nil || !os.SameFile(info, opened) || lock(file) != nil || !f.isNamed(name, file) {
		file.Close()
		return nil
	}
	return &partial{folder: f, name: name, file: file}
}

// isNamed reports whether name is the name of file, and of a file that is only ours.
func (f *folder) isNamed(name string, file *os.File) bool {
	info, err := f.root.Lstat(name)
	if err != nil || !isOurs(info) {
		return false
	}
	opened, err := file.Stat()
	return err == nil && os.SameFile(info, opened)
}

// begin makes p ready for what follows offset of a file, and begins a journal if it is worth it.
func (p *partial) begin(from origin, entry transfer.Entry) error {
	if p.journal == nil && !p.spare && entry.Size > transfer.BlockSize {
		p.journal = newJournal(p.folder, p.name, head(from, entry))
	}
	if p.offset == 0 {
		return nil
	}
	_, err := p.file.Seek(int64(p.offset), io.SeekStart)
	return err
}

// finish gives the file its attributes. Nothing is written to it afterwards.
func (p *partial) finish(mode fs.FileMode, modTime time.Time) error {
	if err := unlessRefused(p.file.Chmod(mode)); err != nil {
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

// keep closes the file, and leaves it for a later run if that looks for it, and there is something in it that has
// been verified: what has no journal has not.
func (p *partial) keep() {
	if p.journal.blocks() == 0 {
		p.discard()
		return
	}
	p.leave()
}

// leave closes the file and its journal as they are.
func (p *partial) leave() {
	p.journal.close()
	_ = p.file.Close()
}

// discard closes the file, and removes it unless it has its own name. The lock goes last: until then
// nobody takes the name for left behind.
func (p *partial) discard() {
	p.journal.discard()
	if p.name != "" {
		_ = p.folder.root.Remove(p.name)
		_ = p.folder.root.Remove(journalName(p.name)) // of an earlier run
	}
	_ = p.file.Close()
}

// tidy removes what a run that was killed at its very end has left of a file that is here.
func (f *folder) tidy(from origin) {
	hidden := from.hidden()
	if p := reopen(f, hidden); p != nil {
		p.discard()
		return
	}
	if journal := journalName(hidden); !f.has(hidden) && f.has(journal) {
		_ = f.root.Remove(journal)
	}
}
