package certauth

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The specification has each check that the code makes, and no other.
func TestSpecificationHasEveryCheck(t *testing.T) {
	text, err := os.ReadFile("../spec/certificate.md")
	check(t, err)
	var specified, made []string
	for _, m := range regexp.MustCompile(`(?m)^\|(?:[^|]*\|)? ([A-Z][0-9]+) \|`).FindAllStringSubmatch(string(text), -1) {
		specified = append(specified, m[1])
	}
	files, err := filepath.Glob("*.go")
	check(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		code, err := os.ReadFile(file)
		check(t, err)
		for _, m := range regexp.MustCompile(`(?:\{|Check: |, )"([A-Z][0-9]+)", `).FindAllStringSubmatch(string(code), -1) {
			made = append(made, m[1])
		}
	}
	slices.Sort(specified)
	slices.Sort(made)
	specified, made = slices.Compact(specified), slices.Compact(made)
	if len(made) < 80 || !slices.Equal(specified, made) {
		t.Errorf("specified: %v\nmade:      %v", specified, made)
	}
}

func TestSpecificationHasTheTablesOfLowOrder(t *testing.T) {
	text, err := os.ReadFile("../spec/certificate.md")
	check(t, err)
	for _, table := range []map[string]bool{lowOrderEd25519, lowOrderX25519} {
		for key := range table {
			if !strings.Contains(string(text), "\n"+hex.EncodeToString([]byte(key))) {
				t.Errorf("%x is not there", key)
			}
		}
	}
}
