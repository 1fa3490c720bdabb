package receive

import (
	"context"
	"path"

	"github.com/certexch/certexch/internal/transfer"
)

// sort gives out the files of a folder that are to be fetched, and returns its folders.
func (t *tree) sort(ctx context.Context, f *folder, entries []transfer.Entry) (found []place, err error) {
	clash := f.clashes(entries, t.opt.DryRun)
	files := entries[:0] // those that are to be fetched: there may be a million, so the list is used again
	for _, entry := range entries {
		remote := path.Join(f.remote, entry.Name)
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
			found = append(found, place{parent: f, name: entry.Name, modTime: entry.ModTime})
			continue
		}
		if t.wants(f, t.originOf(remote, entry.Name), entry) {
			files = append(files, entry)
		}
	}
	return found, t.offer(ctx, f, files)
}

// single gives out the one file that the tree is.
func (t *tree) single(ctx context.Context, p place) error {
	from := t.originOf(t.path, p.name)
	if !t.wants(p.parent, from, *t.file) {
		return nil
	}
	if err := t.announce(p.parent, []transfer.Entry{*t.file}, func(transfer.Entry) origin { return from }); err != nil || t.opt.DryRun {
		return err
	}
	return t.give(ctx, p.parent, from, *t.file)
}

func (t *tree) originOf(remote, name string) origin {
	return origin{t.opt.Terminal, t.share, remote, name}
}

// offer makes sure that there is room for files of a folder, and hands them to the fetchers.
func (t *tree) offer(ctx context.Context, f *folder, files []transfer.Entry) error {
	from := func(entry transfer.Entry) origin { return t.originOf(path.Join(f.remote, entry.Name), entry.Name) }
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
