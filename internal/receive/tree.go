package receive

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/certexch/certexch/internal/transfer"
)

// TreeSource is what Tree needs of another terminal: a *transfer.Pool has it.
type TreeSource interface {
	List(ctx context.Context, share, path string) ([]transfer.Entry, error)
	ReadAhead(ctx context.Context, next func(wait bool) (transfer.ReadRequest, bool), handle func(*transfer.Content, error) error) error
}

var _ TreeSource = (*transfer.Pool)(nil)

// TreeOptions of Tree; the zero value is the careful one.
type TreeOptions struct {
	// Terminal is the identity of the other terminal. What has been received of its files is gone on with
	// for no other.
	Terminal string
	// Overwrite allows to replace files, or links, that are there already.
	Overwrite bool
	// DryRun asks for everything but content, and writes nothing.
	DryRun bool
	// Report is told of each file when it is done with, and of each folder that could not be entered, one
	// call at a time. Optional.
	Report func(Item)
	// Progress is called ten times a second, and at the end. Optional.
	Progress func(Progress)
	// Again is asked for another source when one has failed with err: the connection was lost. Without
	// it, or with an error of it, the tree ends. Optional.
	Again func(ctx context.Context, err error) (TreeSource, error)
}

// Outcome is what has become of one file.
type Outcome string

// The outcomes of an Item.
const (
	Received Outcome = "received"
	Skipped  Outcome = "skipped" // it was there already, with the same size and time of modification
	Failed   Outcome = "failed"
	Planned  Outcome = "planned" // in a dry run: it would have been asked for
)

// Item is one file of a tree, or a folder that has failed.
type Item struct {
	Path    string // on this machine
	Outcome Outcome
	Bytes   uint64 // received or, in a dry run, to be received
	Err     error  // why it has failed; nil otherwise
}

// Summary is what Tree has done.
type Summary struct {
	Files   uint64 // received or, in a dry run, to be received
	Bytes   uint64 // of them
	Skipped uint64
	Failed  uint64 // files and folders
	First   error  // of those that have failed
}

// Progress is how far a tree is. What there is grows while folders are listed.
type Progress struct {
	Files, OfFiles uint64
	Bytes, OfBytes uint64
	Listed         bool // nothing will be added any more
}

// What a tree may be: a sender that goes on for ever comes to an end here.
const (
	maxDepth = 256        // folders in each other, each of which is held open
	maxItems = 10_000_000 // files and folders
)

var (
	// ErrTooDeep: folders lie in each other more than 256 deep.
	ErrTooDeep = errors.New("folders lie in each other more than 256 deep")
	// ErrTooMany: a tree is of more than 10,000,000 files and folders, or so many folders are to be listed at once
	// that their names do not fit in 64 MiB.
	ErrTooMany = errors.New("there are more files and folders than one run takes: 10000000, and about a million folders that wait for it")
)

const (
	listers    = 4   // folders listed at once: each waits for a round trip
	fetchers   = 3   // channels that content comes over
	committers = 8   // syncs at once: a disk makes many safe in the time of one
	queueSize  = 256 // files that are known and not yet asked for
)

// tree is one run of Tree.
type tree struct {
	opt   TreeOptions
	share string
	path  string          // in the share
	file  *transfer.Entry // that the tree is; nil for a folder
	top   *folder         // in which the tree is to be
	line  line
	walk  walk
	space space
	tally tally

	marked *folder // which says that the tree is not finished; nil if it is not this run's to say

	jobs    chan *job
	batches chan []*job
}

// Tree receives a folder of a share, "" for all of it, with everything in it, or a file, as dst: entry is
// what Stat says of it. It goes on after the error of a file or a folder: the Summary counts them. The error is what has ended it before all was
// tried: of ctx, of the source, ErrNoSpace, ErrTooMany, or of the destination folder itself.
//
// A folder that it makes for the whole holds a hidden mark until everything has arrived: see Unfinished.
// What an earlier run has received of a file of the same version is not asked for again. Everything that the
// Summary counts as received is safely on the disk.
func Tree(ctx context.Context, src TreeSource, share, path string, entry transfer.Entry, dst Destination, opt TreeOptions) (Summary, error) {
	top, err := openFolder(dst)
	if err != nil {
		return Summary{}, err
	}
	t := &tree{
		opt: opt, share: share, path: path, top: top, line: line{src: src, again: opt.Again}, tally: tally{report: opt.Report},
		jobs: make(chan *job, queueSize), batches: make(chan []*job),
	}
	if !opt.DryRun {
		top.found()
	}
	t.line.received = t.tally.steps.Load
	top.users.Store(2) // the walk's and this one
	if !entry.Dir {
		t.file = &entry
	}
	t.walk.start(place{parent: top, name: dst.Name, modTime: entry.ModTime})
	err = t.run(ctx)
	t.end(err)
	t.leave(top)
	return t.tally.summary(), noSpace(err)
}

// run lists, fetches and makes safe, all at once, until all is done or one of them cannot go on.
func (t *tree) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	end := func(err error) {
		if err != nil {
			cancel(err)
		}
	}
	stopProgress := t.showProgress()
	defer stopProgress()
	stop := context.AfterFunc(ctx, t.walk.wake)
	defer stop()

	var listing, fetching, committing sync.WaitGroup
	for range listers {
		listing.Go(func() { end(t.list(ctx)) })
	}
	for range fetchers {
		fetching.Go(func() { end(t.fetch(ctx)) })
	}
	for range committers {
		committing.Go(func() { t.commit(end) })
	}
	listing.Wait()
	t.drop()
	t.tally.listed.Store(true)
	close(t.jobs)
	fetching.Wait()
	t.dropJobs()
	close(t.batches)
	committing.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// showProgress reports how far the tree is until stop is called.
func (t *tree) showProgress() (stop func()) {
	if t.opt.Progress == nil {
		return func() {}
	}
	ticker := time.NewTicker(progressEvery)
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-ticker.C:
				t.opt.Progress(t.tally.progress())
			case <-over:
				t.opt.Progress(t.tally.progress())
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(over)
		<-ended
	}
}
