package home

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/certexch/certexch/internal/durable"
)

// stateFormat is the number of how the state folder is laid out. It changes when an older program would
// misread, or could not keep, what a newer one has written there.
const stateFormat = 1

func (h Home) format() string { return filepath.Join(h.State, "format") }

// FormatError is node.FormatError.
type FormatError struct {
	// File says which format it is, Found.
	File, Found string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s: the state folder has the format %q, made by a newer certexch; this one knows %d", e.File, e.Found, stateFormat)
}

// CheckFormat is node.CheckFormat.
func CheckFormat(home Home) error {
	text, err := ReadFile(home.format(), 64)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	found := strings.TrimSpace(string(text))
	if n, err := strconv.Atoi(found); err != nil || n < 1 || n > stateFormat {
		return &FormatError{home.format(), found}
	}
	return nil
}

func writeFormat(home Home) error {
	err := durable.CreateFile(home.format(), []byte(strconv.Itoa(stateFormat)+"\n"), 0o600)
	if errors.Is(err, fs.ErrExist) {
		return CheckFormat(home)
	}
	return err
}
