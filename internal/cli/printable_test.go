package cli

import (
	"bytes"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestD11Printable(t *testing.T) {
	for in, want := range map[string]string{
		"q3 report.csv":       "q3 report.csv",
		"Übersicht ✓ 日本":      "Übersicht ✓ 日本",
		"\x1b[2J":             `\u001b[2J`,
		"a\nb\rc":             `a\u000ab\u000dc`,
		"\x1b]52;c;AAAA\a":    `\u001b]52;c;AAAA\u0007`,
		"gpj.\u202etxt":       `gpj.\u202etxt`,
		"\u009b31m":           `\u009b31m`,
		"\x9b31m":             `\x9b31m`,
		"ok\xff":              `ok\xff`,
		"a\u200bb\u2066c":     `a\u200bb\u2066c`,
		"tag\U000e0041":       `tag\udb40\udc41`,
		"non\u00a0breaking":   `non\u00a0breaking`,
		"line\u2028separator": `line\u2028separator`,
		"\ufeffmark":          `\ufeffmark`,
	} {
		if got := Printable(in); got != want {
			t.Errorf("printable(%q) = %s, want %s", in, got, want)
		}
	}
}

// TestD11EveryCharacter: whatever comes in, nothing but visible characters and spaces comes out.
func TestD11EveryCharacter(t *testing.T) {
	if testing.Short() {
		t.Skip("a million characters, in one goroutine")
	}
	for b := range 256 {
		checkVisible(t, Printable("a"+string([]byte{byte(b)})+"b"))
	}
	const block = 1 << 12
	for first := rune(0); first <= unicode.MaxRune; first += block {
		runes := make([]rune, block)
		for i := range runes {
			runes[i] = first + rune(i)
		}
		checkVisible(t, Printable(string(runes)))
	}
}

func checkVisible(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("%q is not UTF-8", s)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			t.Errorf("%q holds %U", s, r)
		}
	}
}

func TestPrintableWriterKeepsLines(t *testing.T) {
	var b bytes.Buffer
	w := Writer{W: &b}
	for _, text := range []string{"one\ntwo\n", "thr\x1bee", "\n", ""} {
		if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("Write(%q) = %d, %v", text, n, err)
		}
	}
	if got, want := b.String(), "one\ntwo\nthr\\u001bee\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
