package spec

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// vector is one scenario: what is given, and what must come of it. certexch.md, section 14, describes
// the form of its file.
type vector struct {
	name   string // of its file, below vectors/
	fields []field
	blocks []*pem.Block
}

type field struct{ name, value string }

// newVector begins a vector with what every vector says.
func newVector(name, expect, check, section, comment string) *vector {
	v := &vector{name: name}
	v.set("comment", comment)
	v.set("expect", expect)
	if check != "" {
		v.set("check", check)
	}
	v.set("section", section)
	return v
}

func (v *vector) set(name, value string) { v.fields = append(v.fields, field{name, value}) }

func (v *vector) add(kind string, content []byte) {
	v.blocks = append(v.blocks, &pem.Block{Type: kind, Bytes: content})
}

// get returns the value of a field, or "".
func (v *vector) get(name string) string {
	for _, f := range v.fields {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// all returns the contents of the blocks of a kind.
func (v *vector) all(kind string) (contents [][]byte) {
	for _, b := range v.blocks {
		if b.Type == kind {
			contents = append(contents, b.Bytes)
		}
	}
	return contents
}

// one returns the content of the only block of a kind.
func (v *vector) one(t testing.TB, kind string) []byte {
	t.Helper()
	all := v.all(kind)
	if len(all) != 1 {
		t.Fatalf("%d blocks of kind %s", len(all), kind)
	}
	return all[0]
}

func (v *vector) now(t testing.TB) time.Time {
	t.Helper()
	now, err := time.Parse(time.RFC3339, v.get("now"))
	check(t, err)
	return now
}

func (v *vector) marshal() []byte {
	var out bytes.Buffer
	for _, f := range v.fields {
		fmt.Fprintf(&out, "%s: %s\n", f.name, f.value)
	}
	for _, b := range v.blocks {
		out.WriteByte('\n')
		check(nil, pem.Encode(&out, b))
	}
	return out.Bytes()
}

// parse reads what marshal writes.
func parse(name string, data []byte) (*vector, error) {
	v := &vector{name: name}
	header, blocks, _ := strings.Cut(string(data), "\n\n")
	for line := range strings.Lines(header) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !ok || v.get(name) != "" {
			return nil, fmt.Errorf("%s: line %q", v.name, line)
		}
		v.set(name, value)
	}
	for rest := []byte(blocks); len(bytes.TrimSpace(rest)) > 0; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return nil, fmt.Errorf("%s: something after the last block", v.name)
		}
		v.blocks = append(v.blocks, b)
	}
	if !slices.Equal(v.marshal(), data) {
		return nil, fmt.Errorf("%s: not in its form", v.name)
	}
	return v, nil
}
