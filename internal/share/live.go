package share

import (
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/transfer"
)

// Live is what is served now: a Set that can be replaced while terminals are being served. The zero
// value serves nothing.
type Live struct {
	use sync.RWMutex // held while something is asked of the set
	set atomic.Pointer[Set]
}

// Replace serves set from now on, and closes the former one. A terminal that reads a file of a share which it
// may no longer see, or which is another directory now, gets no further byte of it.
func (l *Live) Replace(set *Set) {
	l.use.Lock()
	defer l.use.Unlock()
	if former := l.set.Swap(set); former != nil {
		_ = former.Close()
	}
}

// For returns what the terminal id may see, at each moment.
func (l *Live) For(id certauth.Identity) transfer.Source { return &liveView{live: l, id: id} }

// liveView is what one terminal sees of the set of the moment.
type liveView struct {
	live *Live
	id   certauth.Identity

	mu   sync.Mutex
	set  *Set
	view transfer.Source // of set
}

// now returns the view of the set of this moment, the same for as long as that is.
func (v *liveView) now() transfer.Source {
	v.mu.Lock()
	defer v.mu.Unlock()
	if set := v.live.set.Load(); v.view == nil || set != v.set {
		v.set = set
		if set == nil {
			set = new(Set)
		}
		v.view = set.For(v.id)
	}
	return v.view
}

func (v *liveView) Shares() []string { return v.now().Shares() }

func (v *liveView) List(share, path, after string, limit int) ([]transfer.Entry, bool, error) {
	v.live.use.RLock()
	defer v.live.use.RUnlock()
	return v.now().List(share, path, after, limit)
}

func (v *liveView) Stat(share, path string) (transfer.Entry, error) {
	v.live.use.RLock()
	defer v.live.use.RUnlock()
	return v.now().Stat(share, path)
}

func (v *liveView) Open(share, path string) (transfer.File, error) {
	v.live.use.RLock()
	defer v.live.use.RUnlock()
	set := v.live.set.Load()
	f, err := v.now().Open(share, path)
	if err != nil {
		return nil, err
	}
	return &liveFile{File: f, view: v, share: share, set: set}, nil
}

// liveFile is a file that is read for as long as the terminal may.
type liveFile struct {
	transfer.File
	view  *liveView
	share string
	set   *Set // in which the terminal may, nothing newer has been looked at; nil once it may no more
}

func (f *liveFile) ReadAt(p []byte, off int64) (int, error) {
	if now := f.view.live.set.Load(); now == nil || now != f.set {
		if !now.serves(f.view.id, f.share, f.set) {
			f.set = nil
			return 0, fs.ErrNotExist
		}
		f.set = now
	}
	return f.File.ReadAt(p, off)
}

// serves reports whether id may read the share name, and whether it is the directory that it was in former.
func (s *Set) serves(id certauth.Identity, name string, former *Set) bool {
	if s == nil || former == nil {
		return false
	}
	d, was := s.shares[name], former.shares[name]
	return d != nil && was != nil && os.SameFile(d.info, was.info) && d.readableBy(id)
}
