package receive

import "io"

// commit makes batches safe, until there are no more. After an error for want of space, which it gives to
// end, it goes on: what has been received is not to be lost.
func (t *tree) commit(end func(error)) {
	for batch := range t.batches {
		t.settle(batch, end)
	}
}

// settle makes each file of a batch safe and gives it its name, and then makes the names safe, those of
// one folder all at once.
func (t *tree) settle(batch []*job, end func(error)) {
	outcomes := make([]Outcome, len(batch))
	for i, j := range batch {
		came, err := j.take()
		switch {
		case err != nil:
			t.lose(j, err)
			if IsNoSpace(err) {
				end(noSpace(err))
			}
		case came:
			outcomes[i] = Skipped
		default:
			outcomes[i] = Received
		}
	}
	for i, j := range batch {
		if outcomes[i] == "" {
			continue
		}
		if err := j.folder.sync(); err != nil {
			t.lose(j, err)
			continue
		}
		t.tally.add(Item{Path: j.path(), Outcome: outcomes[i], Bytes: j.bytes})
		t.tally.end()
		t.leave(j.folder)
	}
}

// account counts what is written of one file, for the progress and for the room that is needed.
type account struct {
	*tree
	w       io.Writer
	size    uint64 // of the file, as it was listed
	resumed uint64 // bytes that are here already
	claimed uint64 // bytes that there has to be room for
	written uint64
}

func (t *tree) account(j *job) *account {
	a := &account{tree: t, size: j.listed.Size, claimed: j.claimed}
	if j.partial != nil {
		a.resumed = j.partial.offset
	}
	t.tally.doneBytes.Add(a.resumed)
	return a
}

// claim makes sure that there is room for a content that is longer than was listed: the file has grown, or what
// was listed is not true. Then it is no more than this file that finds no room.
func (a *account) claim(j *job, length uint64) error {
	if length <= j.claimed {
		return nil
	}
	if err := a.space.claim(j.folder.root, length-j.claimed); err != nil {
		return err
	}
	j.claimed, a.claimed = length, length
	return nil
}

// on returns the writer to w that a counts.
func (a *account) on(w io.Writer) io.Writer {
	a.w = w
	return a
}

func (a *account) Write(p []byte) (int, error) {
	n, err := a.w.Write(p)
	before := min(a.written, a.claimed)
	a.written += uint64(n)
	a.tally.doneBytes.Add(uint64(n))
	a.space.done(min(a.written, a.claimed) - before)
	return n, err
}

// close counts the file as done with, however much of it has come.
func (a *account) close() {
	a.tally.doneBytes.Add(a.size - a.resumed - a.written) // the difference may be below 0, and so is the sum's change
	a.space.done(a.claimed - min(a.written, a.claimed))
}

// undo counts the file as if nothing had come of it.
func (a *account) undo() {
	a.tally.doneBytes.Add(-a.resumed - a.written)
	a.space.undo(min(a.written, a.claimed))
}
