package main

import (
	"bytes"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/certexch/certexch/internal/cli"
)

// table prints rows in columns, all at once: a reader that goes after the line it looked for, like
// grep -m1, is then no reason for the system to end this program.
func (e *environment) table(rows [][]string) error {
	var text bytes.Buffer
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.StripEscape)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = cli.Printable(cell)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := e.stdout.Write(text.Bytes())
	return err
}

// when tells a moment and how far it is away.
func when(t, now time.Time) string {
	text := t.UTC().Format("2006-01-02 15:04 UTC")
	switch left := t.Sub(now); {
	case left < 0:
		return text + " (over)"
	case left < 2*time.Hour:
		return fmt.Sprintf("%s (in %.0f minutes)", text, left.Minutes())
	case left < 48*time.Hour:
		return fmt.Sprintf("%s (in %.0f hours)", text, left.Hours())
	default:
		return fmt.Sprintf("%s (in %.0f days)", text, left.Hours()/24)
	}
}
