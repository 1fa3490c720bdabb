package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/receive"
)

// progress draws one line about a transfer at a terminal. A nil progress draws nothing.
type progress struct {
	w     io.Writer
	name  string
	began time.Time

	mu    sync.Mutex // a tree reports from several goroutines
	drawn bool
}

const eraseLine = "\r\x1b[K" // go to the start of the line, and take away what stands there

// newProgress returns what draws the transfer of name, if somebody is there to see it.
func (e *environment) newProgress(name string) *progress {
	if !e.watched || e.quiet || e.json {
		return nil
	}
	return &progress{w: e.terminal, name: shorten(cli.Printable(name)), began: time.Now()}
}

// update draws how far the transfer is.
func (p *progress) update(received, total uint64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drawn = true
	fmt.Fprintf(p.w, "%s%s  %d %%  %s of %s  %s", eraseLine, p.name, percent(received, total),
		bytesText(received), bytesText(total), rateText(received, time.Since(p.began)))
}

// updateTree draws how far a tree is. Until it is listed, what there is can only grow.
func (p *progress) updateTree(t receive.Progress) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drawn = true
	more := ""
	if !t.Listed {
		more = "+"
	}
	fmt.Fprintf(p.w, "%s%s  %d %%  %d of %d%s files  %s of %s%s  %s", eraseLine, p.name, percent(t.Bytes, t.OfBytes),
		t.Files, t.OfFiles, more, bytesText(t.Bytes), bytesText(t.OfBytes), more, rateText(t.Bytes, time.Since(p.began)))
}

// end takes the line away.
func (p *progress) end() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn {
		fmt.Fprint(p.w, eraseLine)
	}
	p.drawn = false
}

// shorten keeps the end of a long name, so that the line fits a terminal.
func shorten(name string) string {
	const room = 32
	if runes := []rune(name); len(runes) > room {
		return "…" + string(runes[len(runes)-room+1:])
	}
	return name
}

func percent(part, whole uint64) int {
	if whole == 0 {
		return 100
	}
	return int(float64(part) / float64(whole) * 100)
}

func bytesText(n uint64) string {
	value, unit := float64(n), "B"
	for _, next := range []string{"kB", "MB", "GB", "TB", "PB", "EB"} {
		if value < 1000 {
			break
		}
		value, unit = value/1000, next
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", value, unit)
}

func rateText(n uint64, d time.Duration) string {
	return bytesText(uint64(float64(n)/max(d.Seconds(), 1e-3))) + "/s"
}
