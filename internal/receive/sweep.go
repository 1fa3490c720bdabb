package receive

import (
	"time"

	"github.com/certexch/certexch/internal/transfer"
)

// staleAfter is when a partial that nobody goes on with is taken away.
const staleAfter = 30 * 24 * time.Hour

// sweep removes the partials in f that were left behind long ago, of which nobody else may dispose.
func (f *folder) sweep(now time.Time) {
	dir, err := f.root.Open(".")
	if err != nil {
		return
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(1024)
		for _, name := range names {
			if transfer.IsPartial(name) && f.isStale(name, now) {
				if p := reopen(f, name); p != nil {
					p.discard()
				}
			}
		}
		if err != nil { // the end, or no more of it today
			return
		}
	}
}

func (f *folder) isStale(name string, now time.Time) bool {
	info, err := f.look(name)
	return err == nil && info != nil && now.Sub(info.ModTime()) > staleAfter
}
