package receive

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/certexch/certexch/internal/transfer"
)

// job is one file that is to be fetched.
type job struct {
	landing
	listed  transfer.Entry
	part    uint64 // bytes that an earlier try may have left, which cost a look at them
	claimed uint64 // bytes that there has to be room for
	tried   bool   // by this run
	busy    int    // times that the other side was, when it was asked
	before  uint64 // bytes that were here before this run
}

func (j *job) path() string { return j.folder.join(j.from.name) }

// keepPartial leaves what is here of the file, if anything, to a later try.
func (j *job) keepPartial() {
	if j.partial != nil {
		j.partial.keep()
		j.partial = nil
	}
}

const (
	// aheadBytes is how much content one fetcher asks for before the first of it has come: enough to keep a
	// long way busy, and little to be sent twice when the connection breaks.
	aheadBytes = 1 << 20
	// A batch is handed on to be made safe when it has so many files or bytes. Until then it is lost with this process.
	batchFiles = 16
	batchBytes = 256 << 10
	// drainable is how much content it is better to receive for nothing than to give a channel up.
	drainable = 1 << 20
)

// errSpent ends a channel on which content is left that nobody wants.
var errSpent = errors.New("the rest of the content is not wanted")

// errAgain says that a file did not come to its end, and may come over another channel.
var errAgain = errors.New("the content broke off")

// fetcher fetches files over one channel at a time.
type fetcher struct {
	*tree
	ctx   context.Context
	todo  []*job // to be asked for again
	asked []*job // in the order of the answers to come
	ahead uint64 // bytes of them

	rest   bool // before what the other side was too busy for is asked for again
	rested int  // times since content came

	batch []*job
	bytes uint64 // in batch
}

// fetch fetches files until there are no more.
func (t *tree) fetch(ctx context.Context) error {
	f := &fetcher{tree: t, ctx: ctx}
	defer f.abandon()
	defer f.flush()
	for {
		src, number := t.line.source()
		err := src.ReadAhead(ctx, f.next, f.handle)
		if err == nil {
			return nil
		}
		f.askAgain()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errSpent):
			continue
		case IsNoSpace(err):
			return err
		}
		f.flush()
		if err := t.line.renew(ctx, number, err); err != nil {
			return err
		}
	}
}

// askAgain puts what was asked for, and has not come, where it is asked for again.
func (f *fetcher) askAgain() {
	for _, j := range f.asked {
		j.keepPartial()
	}
	f.todo, f.asked, f.ahead = append(f.asked, f.todo...), nil, 0
}

// abandon gives back what will not be fetched.
func (f *fetcher) abandon() {
	f.askAgain()
	for _, j := range f.todo {
		f.leave(j.folder)
	}
}

// dropJobs gives back what nobody has taken up.
func (t *tree) dropJobs() {
	for j := range t.jobs {
		t.leave(j.folder)
	}
}

// next gives the next request, as transfer.Client.ReadAhead wants it. A file that is here in part has to wait
// until nothing else is under way: looking at the part may take longer than the other side waits. So has one that
// the other side was too busy for.
func (f *fetcher) next(wait bool) (transfer.ReadRequest, bool) {
	j := f.nextJob(wait)
	if j == nil {
		return transfer.ReadRequest{}, false
	}
	if (j.part > 0 || j.busy > 0) && !wait || j.busy > 0 && !f.pause() {
		f.todo = append([]*job{j}, f.todo...)
		return transfer.ReadRequest{}, false
	}
	if j.part > 0 {
		j.partial = resume(f.ctx, j.folder, j.from, j.listed)
		if j.partial != nil && !j.tried {
			j.before = j.partial.offset
		}
	}
	j.tried = true
	f.asked = append(f.asked, j)
	f.ahead += j.listed.Size
	return j.request(j.listed.Version), true
}

func (f *fetcher) nextJob(wait bool) *job {
	if !wait && f.ahead >= aheadBytes {
		return nil
	}
	if len(f.todo) > 0 {
		j := f.todo[0]
		f.todo = f.todo[1:]
		return j
	}
	select {
	case j := <-f.jobs:
		return j
	default:
	}
	if !wait {
		return nil
	}
	f.flush() // it may take long until there is more
	select {
	case j := <-f.jobs:
		return j
	case <-f.ctx.Done():
		return nil
	}
}

// handle takes the answer to the request that comes first. Its error ends the channel.
func (f *fetcher) handle(content *transfer.Content, err error) error {
	j := f.asked[0]
	switch {
	case err == nil:
		f.rest, f.rested = false, 0
		if err = f.receive(j, content); errors.Is(err, errAgain) {
			return err // the job is still to be done
		}
	case errors.Is(err, transfer.ErrBusy):
		j.keepPartial() // what is here is as good as before
		if j.busy < maxBusy && f.rested < maxBusy {
			f.putOff(j)
		} else {
			f.lose(j, err)
		}
		err = nil
	case j.partial != nil: // of another version, most likely: this one is asked for from its beginning
		j.partial.discard()
		j.partial, j.part, j.before = nil, 0, 0
		f.todo = append(f.todo, j)
		err = nil
	default:
		f.lose(j, err)
		err = nil
	}
	f.asked = f.asked[1:]
	f.ahead -= j.listed.Size
	return err
}

// putOff puts a job where it is asked for again after a while.
func (f *fetcher) putOff(j *job) {
	j.busy++
	f.rest = true
	f.todo = append(f.todo, j)
}

// pause waits until what was put off may be asked for again; false if the context is done before.
func (f *fetcher) pause() bool {
	if !f.rest {
		return true
	}
	f.flush() // what is here is not to wait
	f.rested++
	f.rest = false
	return pause(f.ctx, busyPause<<(f.rested-1))
}

// receive writes content to a partial. An error ends the channel: errAgain, errSpent or ErrNoSpace.
func (f *fetcher) receive(j *job, content *transfer.Content) error {
	a := f.account(j)
	if err := a.claim(j, content.Length()); err != nil {
		j.give(err)
		a.close()
		f.lose(j, err)
		return spend(content)
	}
	err := j.landing.receive(content, a.on)
	ours := errors.As(err, new(*diskError))
	switch {
	case err == nil:
		a.close()
		j.bytes = j.entry.Size - min(j.before, j.entry.Size) // by all tries of this run
		f.add(j)
		return nil
	case !ours && !isAnswer(err):
		a.undo()
		if a.written > transfer.BlockSize { // and a part of it stays
			j.part = a.resumed + a.written
			f.tally.steps.Add(1)
		}
		return fmt.Errorf("%w: %w", errAgain, err)
	}
	a.close()
	f.lose(j, err)
	switch {
	case !ours:
		return nil
	case IsNoSpace(err):
		return noSpace(err)
	}
	return spend(content)
}

// spend receives the rest of a content for nothing, if that is better than to give the channel up with errSpent.
func spend(content *transfer.Content) error {
	if content.Length() > drainable {
		return errSpent
	}
	if _, err := content.WriteTo(io.Discard); err != nil && !isAnswer(err) {
		return errSpent
	}
	return nil
}

// lose counts a job that has failed.
func (t *tree) lose(j *job, err error) {
	t.fail(j.path(), err)
	t.tally.end()
	t.leave(j.folder)
}

// add puts a file in the batch, and hands the batch on when it is large enough.
func (f *fetcher) add(j *job) {
	f.batch = append(f.batch, j)
	f.bytes += j.bytes
	if len(f.batch) >= batchFiles || f.bytes >= batchBytes {
		f.flush()
	}
}

// flush hands the batch on.
func (f *fetcher) flush() {
	if len(f.batch) > 0 {
		f.batches <- f.batch
		f.batch, f.bytes = nil, 0
	}
}
