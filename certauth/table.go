package certauth

import (
	"bytes"
	"sort"
)

// A table is an array of records of one width, in ascending order of the key
// that each begins with. It takes no memory but the records, which may lie
// inside a revocation list.
type table struct {
	records    []byte
	width, key int // bytes
}

// Len, Less and Swap are for [sort.Interface].
func (t table) Len() int           { return len(t.records) / t.width }
func (t table) Less(i, j int) bool { return bytes.Compare(t.keyAt(i), t.keyAt(j)) < 0 }
func (t table) Swap(i, j int) {
	for k := range t.width {
		a, b := &t.records[i*t.width+k], &t.records[j*t.width+k]
		*a, *b = *b, *a
	}
}

func (t table) keyAt(i int) []byte {
	return t.records[i*t.width : i*t.width+t.key]
}

// find returns what follows key in its record.
func (t table) find(key []byte) (rest []byte, ok bool) {
	if t.width == 0 {
		return nil, false
	}
	i, ok := sort.Find(t.Len(), func(i int) int { return bytes.Compare(key, t.keyAt(i)) })
	if !ok {
		return nil, false
	}
	return t.records[i*t.width+t.key : (i+1)*t.width], true
}

// ascending reports whether each key is greater than the one before it.
func (t table) ascending() bool {
	for i := 1; i < t.Len(); i++ {
		if !t.Less(i-1, i) {
			return false
		}
	}
	return true
}

// sort brings the records into order; most come in order already.
func (t table) sort() {
	if !t.ascending() {
		sort.Sort(t)
	}
}
