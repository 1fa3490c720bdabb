package transfer

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/certexch/certexch/protocol"
)

// However far one side could run ahead of the other, there are ring frames between and in them.
func TestFramesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		produced, consumed := 0, 0
		next := make(chan error)
		done := make(chan error)
		go func() {
			done <- atOnce(
				func(*protocol.Frame) error { produced++; return nil },
				func(*protocol.Frame) error { consumed++; return <-next },
				func() {},
			)
		}()
		for range 3 {
			synctest.Wait() // until neither side can go on
			if ahead := produced - consumed + 1; ahead != ring {
				t.Errorf("%d frames are in use, with a ring of %d", ahead, ring)
			}
			next <- nil
		}
		running.Add(99) // more begin
		for range ring {
			next <- nil
		}
		synctest.Wait()
		if ahead := produced - consumed + 1; ahead != minRing {
			t.Errorf("%d frames are in use beside others, not %d", ahead, minRing)
		}
		running.Add(-99)
		next <- nil
		synctest.Wait()
		if ahead := produced - consumed + 1; ahead != ring {
			t.Errorf("%d frames are in use when the others have ended", ahead)
		}
		errDisk := errors.New("disk")
		next <- errDisk
		if err := <-done; err != errDisk {
			t.Errorf("atOnce = %v", err)
		}
	})
}

// Whichever side fails, its error is returned, and both have ended; what was produced before an error
// of producing is consumed.
func TestMoveErrors(t *testing.T) {
	errIn, errOut := errors.New("in"), errors.New("out")
	for _, length := range []uint64{1, 1 << 20} {
		for _, c := range []struct {
			name            string
			failIn, failOut int // the call that fails; 0 for none
			want            error
			consumed        int
		}{
			{"none", 0, 0, nil, 50},
			{"first in", 1, 0, errIn, 0},
			{"later in", 40, 0, errIn, 39},
			{"first out", 0, 1, errOut, 1},
			{"later out", 0, 40, errOut, 40},
		} {
			produced, consumed, aborted := 0, 0, false
			err := move(length, func(*protocol.Frame) error {
				switch produced++; produced {
				case c.failIn:
					return errIn
				case 51:
					return io.EOF
				}
				return nil
			}, func(*protocol.Frame) error {
				if consumed++; consumed == c.failOut {
					return errOut
				}
				return nil
			}, func() { aborted = true })
			if err != c.want || consumed != c.consumed {
				t.Errorf("%s of %d bytes: %v after %d frames", c.name, length, err, consumed)
			}
			if aborted != (c.failOut > 0 && length > 1) {
				t.Errorf("%s of %d bytes: aborted %v", c.name, length, aborted)
			}
		}
	}
}

// When a side that is faster than the other fails, the other does not go on for nobody.
func TestProducingEndsWithConsuming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errOut, produced := errors.New("out"), 0
		err := move(MaxSize, func(*protocol.Frame) error {
			time.Sleep(time.Millisecond) // of the bubble: the ring is never full
			if produced++; produced == 1000 {
				return io.EOF
			}
			return nil
		}, func(*protocol.Frame) error { return errOut }, func() {})
		if err != errOut || produced > 2 {
			t.Errorf("%v after %d frames", err, produced)
		}
	})
}

// Many transfers at once have smaller rings, and each has what it needs.
func TestRingOfMany(t *testing.T) {
	total := 0
	for n := 1; n <= 100; n++ {
		size := ringOf(n)
		if size < minRing || size > ring {
			t.Errorf("a ring of %d for one of %d", size, n)
		}
		total += size
	}
	if most := 450; ringOf(1) != ring || total > most {
		t.Errorf("%d frames for a hundred transfers, %d for one", total, ringOf(1))
	}
}
