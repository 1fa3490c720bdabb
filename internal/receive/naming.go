package receive

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/certexch/certexch/internal/durable"
)

// naming is which names of a folder are safe.
type naming struct {
	names   atomic.Uint64 // changes of them
	mutex   sync.Mutex    // held during a sync
	synced  uint64        // how many changes the last sync has made safe
	failed  error         // of a sync, which is never tried away
	settled bool          // whether the folder's own name is safe
}

// found says that f has names from before this run, which count as one change: the run that gave them may have
// been killed before they were safe.
func (n *naming) found() { n.names.Add(1) }

// sync makes every name in f safe that it has been given until now, and the names of the folders that f
// is in. One sync serves all who wait for it.
func (f *folder) sync() error {
	if err := f.syncNames(f.names.Load()); err != nil {
		return err
	}
	f.mutex.Lock()
	settled := f.settled
	f.mutex.Unlock()
	if settled {
		return nil
	}
	if err := f.parent.sync(); err != nil {
		return err
	}
	f.mutex.Lock()
	f.settled = true
	f.mutex.Unlock()
	return nil
}

func (f *folder) syncNames(wanted uint64) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.failed != nil || f.synced >= wanted {
		return f.failed
	}
	until := f.names.Load()
	if err := f.syncFolder(); err != nil {
		f.failed = fmt.Errorf("the names in %s may not be safe: %w", f.path, err)
		return f.failed
	}
	f.synced = until
	return nil
}

func (f *folder) syncFolder() error {
	dir, err := f.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	return durable.SyncOpenDir(dir)
}
