package receive

import (
	"sync"
	"sync/atomic"
)

// tally counts what becomes of the files of a tree.
type tally struct {
	report func(Item)

	mu  sync.Mutex // one report at a time
	sum Summary

	known, knownBytes atomic.Uint64 // that are to come
	done, doneBytes   atomic.Uint64 // of those
	listed            atomic.Bool   // nothing will be added to known
	steps             atomic.Uint64 // that have been made, and will not be undone
}

// add counts one item.
func (t *tally) add(item Item) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch item.Outcome {
	case Received, Planned:
		t.sum.Files++
		t.sum.Bytes += item.Bytes
	case Skipped:
		t.sum.Skipped++
	case Failed:
		t.sum.Failed++
		if t.sum.First == nil {
			t.sum.First = item.Err
		}
	}
	if t.report != nil {
		t.report(item)
	}
}

// end counts a file that is done with, one way or the other.
func (t *tally) end() {
	t.done.Add(1)
	t.steps.Add(1)
}

// summary returns what has been counted.
func (t *tally) summary() Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sum
}

func (t *tally) progress() Progress {
	return Progress{
		Files: t.done.Load(), OfFiles: t.known.Load(),
		Bytes: t.doneBytes.Load(), OfBytes: t.knownBytes.Load(),
		Listed: t.listed.Load(),
	}
}
