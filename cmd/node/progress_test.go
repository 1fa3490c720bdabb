package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	trial := newTrial(t)
	var screen bytes.Buffer
	trial.terminal, trial.watched = &screen, true
	bar := trial.newProgress("nas:docs/\x1b[2J" + strings.Repeat("long", 20))
	bar.update(1_000_000, 4_000_000)
	bar.end()
	lines := strings.Split(screen.String(), eraseLine)
	if len(lines) != 3 || lines[0] != "" || lines[2] != "" {
		t.Fatalf("drawn: %q", lines)
	}
	checkVisible(t, lines[1])
	if !strings.Contains(lines[1], "25 %  1.0 MB of 4.0 MB") || len([]rune(lines[1])) > 79 {
		t.Errorf("drawn: %q", lines[1])
	}
}

func TestNoProgressUnlessWatched(t *testing.T) {
	for name, set := range map[string]func(*trial){
		"no terminal": func(r *trial) { r.watched = false },
		"--quiet":     func(r *trial) { r.quiet = true },
		"--json":      func(r *trial) { r.json = true },
	} {
		trial := newTrial(t)
		var screen bytes.Buffer
		trial.terminal, trial.watched = &screen, true
		set(trial)
		bar := trial.newProgress("x")
		bar.update(1, 2)
		bar.end()
		if screen.Len() > 0 {
			t.Errorf("%s: drawn: %q", name, screen.String())
		}
	}
}

func TestBytesText(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 268_435_456: "268.4 MB", 1<<64 - 1: "18.4 EB",
	} {
		if got := bytesText(n); got != want {
			t.Errorf("bytesText(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestWhen(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		-time.Second:        "2026-11-01 11:59 UTC (over)",
		90 * time.Minute:    "2026-11-01 13:30 UTC (in 90 minutes)",
		30 * time.Hour:      "2026-11-02 18:00 UTC (in 30 hours)",
		30 * 24 * time.Hour: "2026-12-01 12:00 UTC (in 30 days)",
	} {
		if got := when(now.Add(d), now); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
