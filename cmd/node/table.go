package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/certexch/certexch/internal/cli"
)

// table prints rows in columns.
func (e *environment) table(rows [][]string) error {
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', tabwriter.StripEscape)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = cli.Printable(cell)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
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
