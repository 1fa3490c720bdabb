package protocol

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestWindow(t *testing.T) {
	var w window
	for _, c := range []struct {
		number uint64
		fresh  bool
	}{
		{0, false}, {1, true}, {1, false}, {3, true}, {2, true}, {2, false}, {3, false},
		{streamWindow + 3, true}, {3, false}, {4, true}, {4, false}, {streamWindow + 2, true},
		{5 * streamWindow, true}, {streamWindow + 4, false}, {4*streamWindow + 1, true}, {4 * streamWindow, false},
		{math.MaxUint64 - 1, true}, {math.MaxUint64, true}, {math.MaxUint64, false}, {math.MaxUint64 - 2, true}, {1, false},
	} {
		if got := w.add(c.number); got != c.fresh {
			t.Errorf("%d: fresh is %v", c.number, got)
		}
	}
}

// Never the same number twice, and every number that is not too old once.
func TestWindowAgainstASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w window
		used := make(map[uint64]bool)
		var highest uint64
		for range rapid.IntRange(1, 200).Draw(t, "streams") {
			n := highest + uint64(rapid.IntRange(0, 2*streamWindow).Draw(t, "step"))
			n -= min(n, uint64(rapid.IntRange(0, 2*streamWindow).Draw(t, "back")))
			want := n != controlNumber && !used[n] && (n > highest || highest-n < streamWindow)
			if got := w.add(n); got != want {
				t.Fatalf("%d with highest %d: fresh is %v", n, highest, got)
			}
			used[n] = true
			highest = max(highest, n)
		}
	})
}

// A stream number is good once in a session, and a recorded stream with it.
func TestB7ReplayedStream(t *testing.T) {
	i, r := newWorld(t).sessions(t)
	stream := streamed(t, i, text("delete everything"))
	if _, err := received(r, stream); err != io.EOF {
		t.Fatal(err)
	}
	_, err := received(r, stream)
	wantIntegrity(t, "a replayed stream", err)

	zero := bytes.Clone(stream)
	binary.BigEndian.PutUint64(zero, controlNumber)
	_, err = received(r, zero)
	wantIntegrity(t, "the number of the control stream", err)
}
