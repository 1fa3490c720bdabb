package transfer

import (
	"errors"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// hostile parts of names: none may be in a name, in whatever place.
var hostileParts = []string{
	"..", "../..", ".", "./.", "", "/", "..\\x", "a\\b", "\\", "\x00", "a\x00b", "\n", "\r\n", "\x1b[2J",
	"\x7f", "\u0080", "\u009b31m", "\xff", "\xc3\x28", "\xed\xa0\x80", "\xc0\xae\xc0\xae",
	strings.Repeat("n", MaxComponent+1), strings.Repeat("é", MaxComponent/2+1),
}

// templates put a hostile part into a name.
var templates = []string{
	"%", "%/", "/%", "a/%", "%/a", "a/%/b", "a/b/c/%", "%/../a", "./%", "%/.", "a//%", "é/%", "%/é", "a/%/", "%/%",
}

// D1: a name that could lead out of a share, that has two spellings, or that another program would
// read differently is refused, by the one rule that both roles use.
func TestD1TraversalCorpus(t *testing.T) {
	refused := 0
	for _, template := range templates {
		for _, part := range hostileParts {
			name := strings.ReplaceAll(template, "%", part)
			if name == "" || name == "." {
				continue // the share itself
			}
			refused++
			var nameError *NameError
			if err := CheckName(name); !errors.As(err, &nameError) {
				t.Errorf("CheckName(%q) = %v, want a *NameError", name, err)
			}
			if _, err := decodeRequest(requestBytes(request{op: opStat, share: "docs", path: name})); !errors.Is(err, ErrViolation) {
				t.Errorf("a request for %q was decoded: %v", name, err)
			}
			if len(name) <= MaxComponent {
				page := pageAnswer{entries: []Entry{{Name: name}}}
				if _, _, err := decodeAnswer(answerBytes(0, page)); !errors.Is(err, ErrViolation) {
					t.Errorf("a page with %q was decoded: %v", name, err)
				}
			}
		}
	}
	if refused < 300 {
		t.Fatalf("the corpus has only %d names", refused)
	}
}

func TestD1LongNames(t *testing.T) {
	deep := strings.Repeat("a/", MaxName/2)
	for name, ok := range map[string]bool{
		strings.Repeat("n", MaxComponent):          true,
		strings.Repeat("n", MaxComponent) + "/x":   true,
		deep[:MaxName-1]:                           true,
		deep[:MaxName-1] + "b":                     true,
		deep + "b":                                 false,
		"x/" + strings.Repeat("n", MaxComponent+1): false,
	} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("CheckName of %d bytes = %v, want accepted: %v", len(name), err, ok)
		}
	}
}

// What looks odd but leads nowhere else is a name like any other: nothing is decoded or folded.
func TestCheckNameAccepts(t *testing.T) {
	for _, name := range []string{
		"", ".", "a", "a/b", "reports/2026/q3.csv", "%2e%2e", "%2e%2e/x", "...", "..a", "a..", ".hidden", "-rf", "~", "~root",
		"a b", " ", "C:x", "CON", "a:b", "*", "?", "<>|\"", "a.", "naïve/Übung.txt", "A", "名前", "\u202egpj.exe",
	} {
		if err := CheckName(name); err != nil {
			t.Errorf("CheckName(%q) = %v", name, err)
		}
	}
}

func TestCheckShare(t *testing.T) {
	for _, name := range []string{"docs", "a b", "Übung", strings.Repeat("s", MaxShareName)} {
		if err := CheckShare(name); err != nil {
			t.Errorf("CheckShare(%q) = %v", name, err)
		}
	}
	for _, name := range []string{"", ".", "..", "a/b", "/", "a\\b", "a\n", strings.Repeat("s", MaxShareName+1)} {
		if CheckShare(name) == nil {
			t.Errorf("CheckShare(%q) = nil", name)
		}
	}
}

// Whatever the rule accepts is a local path in its only spelling. The attacker chooses the name.
func FuzzCheckName(f *testing.F) {
	for _, part := range hostileParts {
		f.Add(part)
		f.Add("a/" + part)
	}
	f.Add("reports/2026/q3.csv")
	f.Fuzz(func(t *testing.T, name string) {
		if CheckName(name) != nil || name == "" {
			return
		}
		switch {
		case path.Clean(name) != name:
			t.Errorf("%q has another spelling, %q", name, path.Clean(name))
		case filepath.Separator == '/' && !filepath.IsLocal(name):
			t.Errorf("%q leads out of the share", name)
		case !utf8.ValidString(name) || len(name) > MaxName:
			t.Errorf("%q is no name", name)
		case strings.ContainsFunc(name, unicode.IsControl) || strings.Contains(name, "\\"):
			t.Errorf("%q acts on a terminal or another system", name)
		}
	})
}
