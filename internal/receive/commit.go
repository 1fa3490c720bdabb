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
func (t *tree) settle(batch []*landing, end func(error)) {
	outcomes := make([]Outcome, len(batch))
	for i, l := range batch {
		came, err := l.take()
		switch {
		case err != nil:
			t.lose(l.job, err)
			if IsNoSpace(err) {
				end(noSpace(err))
			}
		case came:
			outcomes[i] = Skipped
		default:
			outcomes[i] = Received
		}
	}
	for i, l := range batch {
		if outcomes[i] == "" {
			continue
		}
		if err := l.folder.sync(); err != nil {
			t.lose(l.job, err)
			continue
		}
		t.tally.add(Item{Path: l.job.path(), Outcome: outcomes[i], Bytes: l.bytes})
		t.tally.done.Add(1)
		t.leave(l.folder)
	}
}

// account counts what is written of one file, for the progress and for the room that is needed.
type account struct {
	*tree
	w             io.Writer
	size, written uint64
}

// on returns the writer to w that a counts.
func (a *account) on(w io.Writer) io.Writer {
	a.w = w
	return a
}

func (a *account) Write(p []byte) (int, error) {
	n, err := a.w.Write(p)
	a.written += uint64(n)
	a.tally.doneBytes.Add(uint64(n))
	a.space.done(min(uint64(n), a.size-min(a.size, a.written-uint64(n))))
	return n, err
}

// close counts the file as done with, however much of it has come.
func (a *account) close() {
	a.tally.doneBytes.Add(a.size - a.written) // the difference may be below 0, and so is the sum's change
	a.space.done(a.size - min(a.size, a.written))
}

// undo counts the file as if nothing had come of it.
func (a *account) undo() {
	a.tally.doneBytes.Add(-a.written)
	a.space.undo(min(a.size, a.written))
}
