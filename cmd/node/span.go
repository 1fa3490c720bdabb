package main

import (
	"strconv"
	"strings"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/transfer"
)

// byteRange is what --range asks for of a file: from one byte to another, both included, or the last so
// many.
type byteRange struct {
	from, to uint64
	open     bool   // to the end
	last     uint64 // bytes from the end; 0: from and to hold
}

// parseRange reads a range as curl takes it: FROM-TO, FROM- or -LAST.
func parseRange(s string) (*byteRange, error) {
	if s == "" {
		return nil, nil
	}
	from, to, found := strings.Cut(s, "-")
	var r byteRange
	var err error
	switch {
	case !found:
		err = strconv.ErrSyntax
	case from == "":
		if r.last, err = strconv.ParseUint(to, 10, 63); r.last == 0 {
			err = strconv.ErrSyntax
		}
	default:
		if r.from, err = strconv.ParseUint(from, 10, 63); err == nil && to != "" {
			r.to, err = strconv.ParseUint(to, 10, 63)
		}
		if r.open = to == ""; err == nil && !r.open && r.to < r.from {
			err = strconv.ErrRange
		}
	}
	if err != nil {
		return nil, cli.Usagef("--range %q: write FROM-TO, both included and counted from 0, FROM- or -LAST", s)
	}
	return &r, nil
}

// of returns what to ask for of a file of this size. A range that begins behind its end is
// transfer.ErrRange; one that ends there is cut short.
func (r *byteRange) of(size uint64) (offset, length uint64, err error) {
	switch {
	case r.last > 0:
		return size - min(r.last, size), 0, nil
	case r.from > size || r.from == size && !r.open:
		return 0, 0, transfer.ErrRange
	case r.open || r.to >= size-1:
		return r.from, 0, nil
	}
	return r.from, r.to - r.from + 1, nil
}
