package receive

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/certexch/certexch/internal/transfer"
)

// folder is a folder of this machine, held open: what is done to names happens in it, whatever its path
// comes to stand for.
type folder struct {
	root   *os.Root
	path   string // for people
	parent *folder
	remote string // of a tree: its path in the share
	depth  int    // of a tree: how many of its folders it lies in, itself included
	made   bool   // by this run, so that nothing is in it but what this run has put there

	modTime time.Time // of a tree: that it will have if it was made

	users atomic.Int64 // of a tree: what is still to be done in it
	folds *folding     // what its disk does not tell apart; nil until that is known

	mu     sync.Mutex
	rights fs.FileMode // what the umask leaves of 0777 for files made here; 0 until it is known

	naming
}

// Check reports, before anything is asked for, whether a file could be at d at all: its name is one, as a
// *transfer.NameError says otherwise, and its directory is there, as a *NoFolderError does.
func (d Destination) Check() error {
	if err := checkComponent(d.Name); err != nil {
		return err
	}
	if info, err := os.Stat(d.Dir); err != nil || !info.IsDir() {
		return &NoFolderError{d.Dir, err}
	}
	return nil
}

// checkComponent refuses what must not be the name of a file or folder on this system.
func checkComponent(name string) error {
	if err := transfer.CheckName(name); err != nil {
		return err
	}
	if name == "" || name == "." || strings.Contains(name, "/") || transfer.IsPartial(name) {
		return &transfer.NameError{Name: name, Reason: "is no name for a file"}
	}
	if _, err := filepath.Localize(name); err != nil {
		return &transfer.NameError{Name: name, Reason: "means something else on this system"}
	}
	return nil
}

// openFolder opens the directory of a destination.
func openFolder(dst Destination) (*folder, error) {
	if err := dst.Check(); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dst.Dir)
	if err != nil {
		return nil, err
	}
	return &folder{root: root, path: dst.Dir, naming: naming{settled: true}}, nil
}

// enter opens a folder in f, and makes it if it is not there. A link is not followed.
func (f *folder) enter(name string) (*folder, error) {
	err := f.root.Mkdir(name, 0o777)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	made := err == nil
	if made || f.made { // or another process has made it meanwhile
		f.names.Add(1)
	}
	root, err := f.openRoot(name)
	if err != nil {
		return nil, err
	}
	child := &folder{root: root, path: f.join(name), parent: f, made: made}
	if !made {
		child.found()
	}
	return child, nil
}

// visit opens a folder in f for looking. What is not there is a folder without root, as if it had been made.
func (f *folder) visit(name string) (*folder, error) {
	child := &folder{path: f.join(name), parent: f, made: true, naming: naming{settled: true}}
	if f.root == nil {
		return child, nil
	}
	info, err := f.look(name)
	if err != nil || info == nil {
		return child, err
	}
	child.made = false
	child.root, err = f.openRoot(name)
	return child, err
}

// close makes safe what is left to be, and gives the folder back.
func (f *folder) close() error {
	if f.root == nil {
		return nil
	}
	defer f.root.Close()
	if f.made && !f.modTime.IsZero() {
		_ = f.root.Chtimes(".", time.Time{}, f.modTime) // nothing rests on it
	}
	return f.sync()
}

// openRoot opens the folder that name is, and not one that it leads to.
func (f *folder) openRoot(name string) (*os.Root, error) {
	info, err := f.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "enter", Path: f.join(name), Err: ErrNotFolder}
	}
	root, err := f.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	opened, err := root.Stat(".")
	if err == nil && !os.SameFile(info, opened) { // swapped in between
		err = &fs.PathError{Op: "enter", Path: f.join(name), Err: ErrNotFolder}
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

func (f *folder) join(name string) string { return filepath.Join(f.path, name) }

// look returns what has a name, a link itself and not what it points to; nil for nothing.
func (f *folder) look(name string) (fs.FileInfo, error) {
	info, err := f.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return info, err
}

// has reports whether there is anything of this name.
func (f *folder) has(name string) bool {
	info, err := f.look(name)
	return err == nil && info != nil
}

// holds reports whether the file that an entry describes has the name already.
func (f *folder) holds(name string, entry transfer.Entry) bool {
	info, err := f.look(name)
	return err == nil && info != nil && isSame(info, entry)
}

// mayTake returns nil if the name is free or may be taken from what has it.
func (f *folder) mayTake(name string, overwrite bool) error {
	info, err := f.look(name)
	if err != nil || info == nil {
		return err
	}
	return f.mayReplace(info, name, overwrite)
}

// mayReplace returns nil if what has the name may lose it.
func (f *folder) mayReplace(info fs.FileInfo, name string, overwrite bool) error {
	if !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeSymlink {
		return &fs.PathError{Op: "replace", Path: f.join(name), Err: ErrNotReplaceable}
	}
	if !overwrite {
		return &ExistsError{f.join(name)}
	}
	return nil
}

// isSame reports whether a file is the one that an entry describes, by size and time of modification.
// Microseconds are what file systems keep in common.
func isSame(info fs.FileInfo, entry transfer.Entry) bool {
	return info.Mode().IsRegular() && !entry.Dir && uint64(info.Size()) == entry.Size &&
		info.ModTime().Truncate(time.Microsecond).Equal(entry.ModTime.Truncate(time.Microsecond))
}

// mode returns the mode of a new file: what the umask, or an access list of the folder, leaves. Only the
// making of a file tells.
func (f *folder) mode(executable bool) (fs.FileMode, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rights == 0 {
		probe, err := newHidden(f, transfer.PartialPrefix+"MODE"+transfer.PartialSuffix, 0o777)
		if err != nil {
			return 0, err
		}
		info, err := probe.file.Stat()
		probe.discard()
		if err != nil {
			return 0, err
		}
		f.rights = info.Mode().Perm() | 0o1000 // known, even if it is none
	}
	if executable {
		return f.rights & 0o777, nil
	}
	return f.rights & 0o666, nil
}
