package receive

import (
	"context"
	"sync"
	"time"

	"github.com/certexch/certexch/internal/transfer"
)

// place is a folder that is still to be listed.
type place struct {
	parent  *folder // in which it is to be
	remote  string  // its path in the share
	name    string  // here
	modTime time.Time
	depth   int
	file    *transfer.Entry // of a tree that is a single file: there is no folder to list
}

// walk is the folders that are still to be listed. The one found last is next, so that there are never
// more of them than lie beside the way down.
type walk struct {
	mu    sync.Mutex
	some  *sync.Cond
	stack []place
	busy  int // listers that may still find more
	items int // files and folders seen
}

func (w *walk) start(top place) {
	w.some = sync.NewCond(&w.mu)
	w.stack = []place{top}
}

// next returns the next folder to list, once there is one; false when there will be none, or ctx is done.
// done has to be called for it.
func (w *walk) next(ctx context.Context) (p place, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.stack) == 0 && w.busy > 0 && ctx.Err() == nil {
		w.some.Wait()
	}
	if len(w.stack) == 0 || ctx.Err() != nil {
		return p, false
	}
	last := len(w.stack) - 1
	p, w.stack[last] = w.stack[last], place{}
	w.stack = w.stack[:last]
	w.busy++
	return p, true
}

// done says that a folder has been listed, and which were found in it.
func (w *walk) done(found []place) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(found) - 1; i >= 0; i-- {
		w.stack = append(w.stack, found[i])
	}
	w.busy--
	w.some.Broadcast()
}

// wake lets those who wait see that ctx is done.
func (w *walk) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.some.Broadcast()
}

// count counts what a folder holds.
func (w *walk) count(n int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.items += n; w.items > maxItems {
		return ErrTooMany
	}
	return nil
}

// list lists folders until there are no more.
func (t *tree) list(ctx context.Context) error {
	for {
		p, ok := t.walk.next(ctx)
		if !ok {
			return nil
		}
		found, err := t.listOne(ctx, p)
		t.walk.done(found)
		if err != nil {
			return err
		}
	}
}

// listOne lists a folder, makes it here, and gives out what is to be fetched of it. It returns the folders
// in it.
func (t *tree) listOne(ctx context.Context, p place) (found []place, err error) {
	if p.file != nil {
		return nil, t.single(ctx, p)
	}
	defer t.leave(p.parent)
	here := p.parent.join(p.name)
	if p.depth > maxDepth {
		t.fail(here, ErrTooDeep)
		return nil, nil
	}
	entries, err := t.entries(ctx, p.remote)
	if err != nil && isAnswer(err) && p.depth > 0 {
		t.fail(here, err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := t.walk.count(len(entries)); err != nil {
		return nil, err
	}
	f, err := t.enter(p)
	if err != nil && p.depth > 0 && !IsNoSpace(err) {
		t.fail(here, err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer t.leave(f)
	return t.sort(ctx, p, f, entries)
}

// entries lists a folder of the share, as often as the connection breaks meanwhile.
func (t *tree) entries(ctx context.Context, remote string) ([]transfer.Entry, error) {
	for {
		src, number := t.line.source()
		entries, err := src.List(ctx, t.share, remote)
		if err == nil || isAnswer(err) {
			return entries, err
		}
		if err := t.line.renew(ctx, number, err); err != nil {
			return nil, err
		}
	}
}

// enter makes the folder of p. In a dry run it makes none, and what is not there is a folder without root.
func (t *tree) enter(p place) (f *folder, err error) {
	if t.opt.DryRun {
		f, err = p.parent.visit(p.name)
	} else {
		f, err = p.parent.enter(p.name)
	}
	if err != nil {
		return nil, err
	}
	if p.depth == 0 && !t.opt.DryRun {
		t.begin(f, p.remote)
	}
	if !f.made && !t.opt.DryRun {
		f.sweep(time.Now())
	}
	f.modTime = p.modTime
	p.parent.users.Add(1)
	f.users.Add(1)
	return f, nil
}

// leave ends one use of f. The last one makes safe what is left to be, and gives f back.
func (t *tree) leave(f *folder) {
	if f.users.Add(-1) > 0 {
		return
	}
	if err := f.close(); err != nil {
		t.fail(f.path, err)
	}
	if f.parent != nil {
		t.leave(f.parent)
	}
}

// drop gives back the folders that will not be listed.
func (t *tree) drop() {
	for _, p := range t.walk.stack {
		t.leave(p.parent)
	}
}

func (t *tree) fail(path string, err error) {
	t.tally.add(Item{Path: path, Outcome: Failed, Err: noSpace(err)})
}
