package transfer

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/certexch/certexch/protocol"
)

// frames holds frames between transfers, so that streams at rest have none and transfers make none.
var frames = sync.Pool{New: func() any { return protocol.NewFrame() }}

// running is how many transfers of this process have a ring, and frameBudget how many frames they share
// when there are many: what one hardly needs would be much for a hundred. Even then each has minRing.
var running atomic.Int32

const (
	frameBudget = 64
	minRing     = 3
)

// ringOf is the size of the ring of a transfer when n of them run, itself included.
func ringOf(n int) int { return max(minRing, min(ring, frameBudget/n)) }

// move takes length bytes of content from produce to consume. produce fills one frame a call and
// returns io.EOF instead when there are no more. When consume fails, abort is called, which must end a
// call to produce that is under way. move returns the error of consume or else of produce, after both
// have ended.
func move(length uint64, produce, consume func(*protocol.Frame) error, abort func()) error {
	if length <= protocol.FramePayload {
		return inTurn(produce, consume)
	}
	return atOnce(produce, consume, abort)
}

// inTurn is for one frame, where there is nothing to overlap and starting a goroutine is most of the
// work.
func inTurn(produce, consume func(*protocol.Frame) error) error {
	f := frames.Get().(*protocol.Frame)
	defer frames.Put(f)
	for {
		if err := produce(f); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := consume(f); err != nil {
			return err
		}
	}
}

// atOnce runs produce and consume at the same time, with a ring of frames between and in them. The ring gets
// smaller when other transfers begin, and larger when they end: those that were first are served no better.
func atOnce(produce, consume func(*protocol.Frame) error, abort func()) error {
	running.Add(1)
	defer running.Add(-1)
	filled := make(chan *protocol.Frame, ring)
	var used atomic.Int32
	freed, stop := make(chan struct{}, 1), make(chan struct{})
	var ended error
	go func() {
		defer close(filled)
		for {
			for int(used.Load()) >= ringOf(int(running.Load())) {
				select {
				case <-freed:
				case <-stop:
					return
				}
			}
			select {
			case <-stop: // nobody wants more, and whoever takes it off keeps the ring from being full
				return
			default:
			}
			f := frames.Get().(*protocol.Frame)
			if ended = produce(f); ended != nil {
				frames.Put(f)
				return
			}
			used.Add(1)
			filled <- f
		}
	}()

	var failed error
	for f := range filled {
		if failed == nil {
			if failed = consume(f); failed != nil {
				close(stop)
				abort()
			}
		}
		frames.Put(f)
		used.Add(-1)
		select {
		case freed <- struct{}{}:
		default:
		}
	}
	switch {
	case failed != nil:
		return failed
	case ended == io.EOF:
		return nil
	}
	return ended
}
