package receive

import (
	"context"
	"path"
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

// sort gives out the files of a folder that are to be fetched, and returns its folders.
func (t *tree) sort(ctx context.Context, p place, f *folder, entries []transfer.Entry) (found []place, err error) {
	clash := f.clashes(entries, t.opt.DryRun)
	files := entries[:0] // those that are to be fetched: there may be a million, so the list is used again
	for _, entry := range entries {
		remote := path.Join(p.remote, entry.Name)
		err := clash[entry.Name]
		if err == nil {
			err = checkRemote(entry.Name, remote)
		}
		if err != nil {
			t.fail(f.join(entry.Name), err)
			continue
		}
		if entry.Dir {
			f.users.Add(1)
			found = append(found, place{parent: f, remote: remote, name: entry.Name, modTime: entry.ModTime, depth: p.depth + 1})
			continue
		}
		if t.wants(f, t.originOf(remote, entry.Name), entry) {
			files = append(files, entry)
		}
	}
	return found, t.offer(ctx, f, p.remote, files)
}

// single gives out the one file that the tree is.
func (t *tree) single(ctx context.Context, p place) error {
	defer t.leave(p.parent)
	from := t.originOf(p.remote, p.name)
	if !t.wants(p.parent, from, *p.file) {
		return nil
	}
	if err := t.announce(p.parent, []transfer.Entry{*p.file}, func(transfer.Entry) origin { return from }); err != nil || t.opt.DryRun {
		return err
	}
	return t.give(ctx, p.parent, from, *p.file)
}

func (t *tree) originOf(remote, name string) origin {
	return origin{t.opt.Terminal, t.share, remote, name}
}

// offer makes sure that there is room for files of a folder, and hands them to the fetchers.
func (t *tree) offer(ctx context.Context, f *folder, remote string, files []transfer.Entry) error {
	from := func(entry transfer.Entry) origin { return t.originOf(path.Join(remote, entry.Name), entry.Name) }
	if err := t.announce(f, files, from); err != nil || t.opt.DryRun {
		return err
	}
	for _, entry := range files {
		if err := t.give(ctx, f, from(entry), entry); err != nil {
			return err
		}
	}
	return nil
}

func checkRemote(name, remote string) error {
	if err := checkComponent(name); err != nil {
		return err
	}
	return transfer.CheckName(remote)
}

// wants reports whether a file is to be fetched, and says of one that is not why.
func (t *tree) wants(f *folder, from origin, entry transfer.Entry) bool {
	here := f.join(from.name)
	if !f.made {
		there, err := f.look(from.name)
		if err == nil && there != nil {
			if isSame(there, entry) {
				t.skip(f, from, entry)
				return false
			}
			err = f.mayReplace(there, from.name, t.opt.Overwrite)
		}
		if err != nil {
			t.fail(here, err)
			return false
		}
	}
	if t.opt.DryRun {
		t.tally.add(Item{Path: here, Outcome: Planned, Bytes: entry.Size})
	}
	return true
}

func (t *tree) skip(f *folder, from origin, entry transfer.Entry) {
	if entry.Size > transfer.BlockSize && !t.opt.DryRun {
		f.tidy(from)
	}
	t.tally.add(Item{Path: f.join(from.name), Outcome: Skipped})
}

// announce counts files to come, and makes sure that there is room for them.
func (t *tree) announce(f *folder, files []transfer.Entry, from func(transfer.Entry) origin) error {
	if len(files) == 0 {
		return nil
	}
	var bytes, need uint64
	for _, entry := range files {
		bytes += min(entry.Size, ^uint64(0)-bytes)
		need += min(entry.Size-f.part(from(entry), entry), ^uint64(0)-need)
	}
	where := f.root
	if where == nil { // of a dry run
		where = t.top.root
	}
	if err := t.space.claim(where, need); err != nil {
		return err
	}
	t.tally.known.Add(uint64(len(files)))
	t.tally.knownBytes.Add(bytes)
	return nil
}

// part returns how many bytes of a file an earlier run may have left.
func (f *folder) part(from origin, entry transfer.Entry) uint64 {
	if f.made || entry.Size <= transfer.BlockSize {
		return 0
	}
	info, err := f.look(from.hidden())
	if err != nil || info == nil || !info.Mode().IsRegular() {
		return 0
	}
	return min(uint64(info.Size()), entry.Size)
}

// give hands a file to the fetchers.
func (t *tree) give(ctx context.Context, f *folder, from origin, entry transfer.Entry) error {
	j := &job{landing: landing{folder: f, from: from, overwrite: t.opt.Overwrite}, listed: entry, part: f.part(from, entry)}
	j.claimed = entry.Size - j.part
	f.users.Add(1)
	select {
	case t.jobs <- j:
		return nil
	case <-ctx.Done():
		t.leave(f)
		return context.Cause(ctx)
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
