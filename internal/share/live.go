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
	set     atomic.Pointer[Set]
	nothing Set
}

// Replace serves set from now on, and closes the former one when nothing is asked of it any more: it waits for no
// disk. A terminal that reads a file of a share which it may no longer see, or which is another directory now, gets
// no further byte of it.
func (l *Live) Replace(set *Set) {
	if former := l.set.Swap(set); former != nil && former != set {
		_ = former.Close()
	}
}

// use returns the set of this moment, which stays open until it is left.
func (l *Live) use() *Set {
	for {
		set := l.set.Load()
		if set == nil {
			set = &l.nothing
		}
		if set.enter() { // or it has just been replaced
			return set
		}
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

// use returns the set of this moment, to be left, and the view of it, the same for as long as the set is.
func (v *liveView) use() (*Set, transfer.Source) {
	set := v.live.use()
	v.mu.Lock()
	defer v.mu.Unlock()
	if set != v.set {
		v.set, v.view = set, set.For(v.id)
	}
	return set, v.view
}

func (v *liveView) Shares() []string {
	set, view := v.use()
	defer set.leave()
	return view.Shares()
}

func (v *liveView) List(share, path, after string, limit int) ([]transfer.Entry, bool, error) {
	set, view := v.use()
	defer set.leave()
	return view.List(share, path, after, limit)
}

func (v *liveView) Stat(share, path string) (transfer.Entry, error) {
	set, view := v.use()
	defer set.leave()
	return view.Stat(share, path)
}

func (v *liveView) Open(share, path string) (transfer.File, error) {
	set, view := v.use()
	defer set.leave()
	f, err := view.Open(share, path)
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
