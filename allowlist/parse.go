package allowlist

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/certexch/certexch/certauth"
)

// MaxSize is the size in bytes of the largest list.
const MaxSize = 1 << 20

// SyntaxError says where a list does not parse, and why.
type SyntaxError struct {
	Line   int    // from 1
	Column int    // in bytes, from 1
	Msg    string // what is wrong, and what is wanted
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Msg)
}

// Parse reads a whole list, as the package comment describes it. Its error is a
// [*SyntaxError].
func Parse(data []byte) (*List, error) {
	lines, err := parseLines(data)
	if err != nil {
		return nil, err
	}
	list := &List{index: make(map[certauth.Identity]int)}
	for _, l := range lines {
		if l.entry != nil {
			list.index[l.entry.Identity] = len(list.entries)
			list.entries = append(list.entries, *l.entry)
		}
	}
	return list, nil
}

// line is a line of the file with its place in it. Editing needs the place to
// leave everything else alone.
type line struct {
	entry *Entry // nil for an empty line and a mere comment
	text  []byte // the whole line without the line feed
	tail  []byte // the end of text that is no field: the comment and the spaces before it
}

func parseLines(data []byte) ([]line, error) {
	if err := checkText(data); err != nil {
		return nil, err
	}
	var lines []line
	seen := make(map[certauth.Identity]int)
	for text := range bytes.Lines(data) {
		number := len(lines) + 1
		l, err := parseLine(bytes.TrimSuffix(text, []byte("\n")))
		if err != nil {
			err.Line = number
			return nil, err
		}
		if l.entry != nil {
			if first, ok := seen[l.entry.Identity]; ok {
				return nil, &SyntaxError{number, 1, fmt.Sprintf("%s has a line already, line %d; keep one of them", l.entry.Identity, first)}
			}
			seen[l.entry.Identity] = number
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// checkText refuses what no line may hold, before anything is taken apart.
func checkText(data []byte) error {
	if len(data) > MaxSize {
		return at(data, MaxSize, "the list is larger than %d bytes", MaxSize)
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return at(data, i, "byte %#02x is not UTF-8", data[i])
		case r == '\uFEFF':
			return at(data, i, "a byte order mark; save the file as UTF-8 without it")
		case r == '\r':
			return at(data, i, "a carriage return; save the file with Unix line ends")
		case r == '\t':
			return at(data, i, "a tab; separate the fields by spaces")
		case r != '\n' && !unicode.IsGraphic(r):
			return at(data, i, "the invisible character %U", r)
		}
		i += size
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		return at(data, len(data), "the last line does not end in a line feed; is the file complete?")
	}
	return nil
}

// at makes the error for the byte data[offset].
func at(data []byte, offset int, format string, args ...any) *SyntaxError {
	before := data[:offset]
	return &SyntaxError{
		Line:   bytes.Count(before, []byte("\n")) + 1,
		Column: offset - bytes.LastIndexByte(before, '\n'),
		Msg:    fmt.Sprintf(format, args...),
	}
}
