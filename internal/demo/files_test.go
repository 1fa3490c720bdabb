package demo

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestSameBytes: the comparison on which the demo's word rests sees every difference.
func TestSameBytes(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 1<<16)
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"", "", true},
		{"", "x", false},
		{"x", "", false},
		{"x", "x", true},
		{"x", "y", false},
		{long, long, true},
		{long, long + "x", false},
		{long, long[:len(long)-1], false},
		{long, long[:len(long)-1] + "x", false},
		{"x" + long[1:], long, false},
	} {
		got, err := sameBytes(iotest.HalfReader(strings.NewReader(c.a)), strings.NewReader(c.b))
		if got != c.same || err != nil {
			t.Errorf("%d and %d bytes: %v, %v; want %v", len(c.a), len(c.b), got, err, c.same)
		}
	}
	broken := errors.New("broken")
	for _, r := range []io.Reader{iotest.ErrReader(broken), io.MultiReader(strings.NewReader("x"), iotest.ErrReader(broken))} {
		if got, err := sameBytes(r, bytes.NewReader(nil)); got || !errors.Is(err, broken) {
			t.Errorf("unreadable: %v, %v", got, err)
		}
	}
}
