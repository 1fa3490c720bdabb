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
	folder *folder
	name   string         // that it is to have there
	entry  transfer.Entry // as it was listed
	remote string         // its path in the share
}

func (j *job) path() string { return j.folder.join(j.name) }

// landing is a job whose content is here.
type landing struct {
	*landed
	job *job
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

	batch []*landing
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
		f.todo, f.asked, f.ahead = append(f.asked, f.todo...), nil, 0
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

// abandon gives back what will not be fetched.
func (f *fetcher) abandon() {
	for _, j := range append(f.asked, f.todo...) {
		f.leave(j.folder)
	}
}

// dropJobs gives back what nobody has taken up.
func (t *tree) dropJobs() {
	for j := range t.jobs {
		t.leave(j.folder)
	}
}

// next gives the next request, as transfer.Client.ReadAhead wants it.
func (f *fetcher) next(wait bool) (transfer.ReadRequest, bool) {
	j := f.nextJob(wait)
	if j == nil {
		return transfer.ReadRequest{}, false
	}
	f.asked = append(f.asked, j)
	f.ahead += j.entry.Size
	return transfer.ReadRequest{Share: f.share, Path: j.remote}, true
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
	if err == nil {
		err = f.receive(j, content)
		if errors.Is(err, errAgain) {
			return err // the job is still to be done
		}
	} else {
		f.lose(j, err)
		err = nil
	}
	f.asked = f.asked[1:]
	f.ahead -= j.entry.Size
	return err
}

// receive writes content to a partial. An error ends the channel: errAgain, errSpent or ErrNoSpace.
func (f *fetcher) receive(j *job, content *transfer.Content) error {
	a := &account{tree: f.tree, size: j.entry.Size}
	l, err := land(j.folder, j.name, content, f.opt.Overwrite, a.on)
	var disk *diskError
	switch {
	case err == nil:
		a.close()
		f.add(&landing{l, j})
		return nil
	case isAnswer(err):
		a.close()
		f.lose(j, err)
		return nil
	case !errors.As(err, &disk):
		a.undo()
		return fmt.Errorf("%w: %w", errAgain, err)
	}
	a.close()
	f.lose(j, err)
	if IsNoSpace(err) {
		return noSpace(err)
	}
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
	t.tally.done.Add(1)
	t.leave(j.folder)
}

// add puts a file in the batch, and hands the batch on when it is large enough.
func (f *fetcher) add(l *landing) {
	f.batch = append(f.batch, l)
	f.bytes += l.bytes
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
