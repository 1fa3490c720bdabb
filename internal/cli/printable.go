package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Printable returns s with every character escaped that is not plainly visible: control characters and
// line feeds, which act on a terminal or forge lines; those that turn the direction of writing or take
// no room, which make a name look like another; and bytes that are not UTF-8. The escapes are those of
// JSON, so that what is escaped inside a JSON text stays one; \xNN, for a bad byte, cannot occur there.
func Printable(s string) string {
	if !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !hidden(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += n
	}
	return b.String()
}

func hidden(r rune) bool { return !unicode.IsPrint(r) }

// Writer lets nothing through to W but printable characters and line feeds. Each Write must
// hold whole characters.
type Writer struct{ W io.Writer }

// Write writes text with what is not printable escaped.
func (p Writer) Write(text []byte) (int, error) {
	var b bytes.Buffer
	for line := range strings.Lines(string(text)) {
		whole, ended := strings.CutSuffix(line, "\n")
		b.WriteString(Printable(whole))
		if ended {
			b.WriteByte('\n')
		}
	}
	if _, err := p.W.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return len(text), nil
}

// OneLine joins the lines of a text that comes from elsewhere, such as several errors.
func OneLine(text string) string {
	return Printable(strings.ReplaceAll(strings.TrimSpace(text), "\n", "; "))
}

// Counted is n of what, which is in the singular: "1 key", "2 keys".
func Counted[N int | uint64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
