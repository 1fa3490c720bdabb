package transfer

import (
	"fmt"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NameError says why a name cannot stand for anything in a share. Name is as it was given and may
// hold anything: escape it before showing it.
type NameError struct {
	Name   string
	Reason string
}

func (e *NameError) Error() string { return fmt.Sprintf("name %q: %s", e.Name, e.Reason) }

// CheckName is the one rule for names inside a share, for what is asked for and for what is answered
// (spec/data.md). A name is a slash-separated path below the share in its cleaned
// form: UTF-8, no empty component, no "." or "..", no slash at either end, no backslash, no control
// character, at most MaxComponent bytes a component and MaxName bytes in all. "" and "." both stand
// for the share itself. Nothing is decoded: "%2e%2e" is a name of six characters.
//
// The rule is the same on every system, and on Unix whatever passes it is local in the sense of
// [path/filepath.IsLocal]. Where the system reads more into a name (C:x on Windows),
// [path/filepath.Localize] has to pass it too before it names a file.
//
// The error is a *NameError.
func CheckName(name string) error {
	if reason := badName(name); reason != "" {
		return &NameError{Name: name, Reason: reason}
	}
	return nil
}

// CheckShare is the rule for names of shares: one component of what CheckName accepts, at most
// MaxShareName bytes. The error is a *NameError.
func CheckShare(name string) error {
	switch {
	case !isComponent(name):
		return &NameError{Name: name, Reason: "is not one plain component"}
	case len(name) > MaxShareName:
		return &NameError{Name: name, Reason: fmt.Sprintf("is longer than %d bytes", MaxShareName)}
	}
	return nil
}

// isComponent reports whether name is what an entry of a directory may be called.
func isComponent(name string) bool {
	return name != "" && name != "." && !strings.Contains(name, "/") && badName(name) == ""
}

func badName(name string) string {
	switch {
	case name == "":
		return ""
	case len(name) > MaxName:
		return fmt.Sprintf("is longer than %d bytes", MaxName)
	case !utf8.ValidString(name):
		return "is not valid UTF-8"
	case !fs.ValidPath(name):
		return "is not in its cleaned form below the share"
	case strings.ContainsFunc(name, isForbidden):
		return "holds a backslash or a control character"
	}
	for component := range strings.SplitSeq(name, "/") {
		if len(component) > MaxComponent {
			return fmt.Sprintf("has a component longer than %d bytes", MaxComponent)
		}
	}
	return ""
}

// isForbidden keeps out what another system reads as a separator and what acts on a terminal.
func isForbidden(r rune) bool { return r == '\\' || unicode.IsControl(r) }

// A file that is still being received is called PartialPrefix, something random, PartialSuffix. Such a
// name is never served: what is behind it is not yet what it says.
const (
	PartialPrefix = ".certexch-"
	PartialSuffix = ".partial"
)

// IsPartial reports whether a component is the name of a file that is still being received.
func IsPartial(component string) bool {
	return strings.HasPrefix(component, PartialPrefix) && strings.HasSuffix(component, PartialSuffix)
}
