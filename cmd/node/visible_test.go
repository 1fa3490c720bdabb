package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/certexch/certexch/internal/cli"
)

// TestD11JSON: what is escaped in JSON is the same JSON.
func TestD11JSON(t *testing.T) {
	const name = "a\x1b[2J\u202e\u009b\U000e0041\u2028\x7f\"\\\n<b>"
	trial := newTrial(t)
	if err := trial.printJSON(entry{Name: name}); err != nil {
		t.Fatal(err)
	}
	line := trial.out.String()
	checkVisible(t, strings.TrimSuffix(line, "\n"))
	var back entry
	if err := json.Unmarshal([]byte(line), &back); err != nil || back.Name != name {
		t.Errorf("%s is %q (%v)", line, back.Name, err)
	}
}

func checkVisible(t *testing.T, s string) {
	t.Helper()
	if cli.Printable(s) != s {
		t.Errorf("%q is not all visible", s)
	}
}
