package main

import (
	"errors"
	"testing"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/transfer"
)

func TestRange(t *testing.T) {
	for _, c := range []struct {
		text           string
		size           uint64
		offset, length uint64
		outside        bool
	}{
		{"0-0", 10, 0, 1, false}, {"2-5", 10, 2, 4, false}, {"2-9", 10, 2, 0, false}, {"2-99", 10, 2, 0, false},
		{"9-9", 10, 9, 0, false}, {"10-12", 10, 0, 0, true}, {"10-", 10, 10, 0, false}, {"11-", 10, 0, 0, true},
		{"3-", 10, 3, 0, false}, {"-3", 10, 7, 0, false}, {"-99", 10, 0, 0, false}, {"-3", 0, 0, 0, false}, {"0-0", 0, 0, 0, true},
		{"0-9223372036854775807", 1 << 62, 0, 0, false},
	} {
		r, err := parseRange(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		offset, length, err := r.of(c.size)
		if offset != c.offset || length != c.length || errors.Is(err, transfer.ErrRange) != c.outside {
			t.Errorf("%s of %d: %d, %d, %v", c.text, c.size, offset, length, err)
		}
	}
	for _, text := range []string{"-", "5", "5-2", "a-b", "-0", "1-2-3", "+1-2", "0x1-2", "-9223372036854775808", "9223372036854775808-", "1-2,4-5", " 1-2"} {
		if r, err := parseRange(text); !errors.As(err, new(*cli.UsageError)) {
			t.Errorf("%q is %+v, %v", text, r, err)
		}
	}
}
