package receive

import (
	"context"
	"errors"
	"path"
	"sync"
	"time"
	"unsafe"

	"github.com/certexch/certexch/internal/transfer"
)

// place is a folder that is still to be listed. There may be very many, so it holds nothing that its parent knows.
type place struct {
	parent  *folder // in which it is to be
	name    string  // here
	modTime time.Time
}

// maxWaiting is how many bytes the folders may take that are still to be listed: a million of them, as folders
// are called.
const maxWaiting = 64 << 20

// bytes is what a place takes while it waits.
func (p *place) bytes() int { return int(unsafe.Sizeof(*p)) + len(p.name) }

// remote returns the path of p in the share.
func (t *tree) remote(p place) string {
	if p.parent == t.top {
		return t.path
	}
	return path.Join(p.parent.remote, p.name)
}

// walk is the folders that are still to be listed. The one found last is next, so that there are never
// more of them than lie beside the way down.
type walk struct {
	mu    sync.Mutex
	some  *sync.Cond
	stack []place
	bytes int // that stack takes
	busy  int // listers that may still find more
	items int // files and folders seen

	busySince time.Time // when the other side first was too busy after it last listed a folder; zero: it was not
}

func (w *walk) start(top place) {
	w.some = sync.NewCond(&w.mu)
	w.stack, w.bytes = []place{top}, top.bytes()
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
	w.bytes -= p.bytes()
	w.busy++
	return p, true
}

// done says that a folder has been listed, and which were found in it.
func (w *walk) done(found []place) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(found) - 1; i >= 0; i-- {
		w.bytes += found[i].bytes()
		w.stack = append(w.stack, found[i])
	}
	w.busy--
	w.some.Broadcast()
	if w.bytes > maxWaiting {
		return ErrTooMany
	}
	return nil
}

// isPatient reports whether it is worth to ask again what the other side is too busy for: while it has not been so
// for everything for too long. Else each of very many folders would be waited for anew.
func (w *walk) isPatient() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busySince.IsZero() {
		w.busySince = time.Now()
	}
	return time.Since(w.busySince) < busyTime
}

// listed says that the other side is not too busy.
func (w *walk) listed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busySince = time.Time{}
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
		if full := t.walk.done(found); err == nil {
			err = full
		}
		if err != nil {
			return err
		}
	}
}

// listOne lists a folder, makes it here, and gives out what is to be fetched of it. It returns the folders
// in it.
func (t *tree) listOne(ctx context.Context, p place) (found []place, err error) {
	defer t.leave(p.parent)
	if t.file != nil {
		if !t.opt.DryRun {
			p.parent.sweep(time.Now())
		}
		return nil, t.single(ctx, p)
	}
	here := p.parent.join(p.name)
	if p.parent.depth > maxDepth {
		t.fail(here, ErrTooDeep)
		return nil, nil
	}
	entries, err := t.entries(ctx, t.remote(p))
	if err != nil && isAnswer(err) && p.parent != t.top {
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
	if err != nil && p.parent != t.top && !IsNoSpace(err) {
		t.fail(here, err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer t.leave(f)
	return t.sort(ctx, f, entries)
}

// entries lists a folder of the share, as often as the connection breaks meanwhile, or the other side is too busy.
func (t *tree) entries(ctx context.Context, remote string) ([]transfer.Entry, error) {
	for busy := 0; ; {
		src, number := t.line.source()
		entries, err := src.List(ctx, t.share, remote)
		if errors.Is(err, transfer.ErrBusy) && busy < maxBusy && t.walk.isPatient() && pause(ctx, busyPause<<busy) {
			busy++
			continue
		}
		if err == nil {
			t.walk.listed()
		}
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
	f.remote, f.depth = t.remote(p), p.parent.depth+1
	if p.parent == t.top && !t.opt.DryRun {
		t.begin(f, f.remote)
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
