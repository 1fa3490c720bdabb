package receive

import (
	"os"
	"time"

	"github.com/certexch/certexch/internal/transfer"
)

// staleAfter is when a partial that nobody goes on with is taken away.
const staleAfter = 30 * 24 * time.Hour

// sweep removes the partials in f that were left behind long ago, of which nobody else may dispose, and those that
// are files with names of their own: a run was killed while they had both.
func (f *folder) sweep(now time.Time) {
	dir, err := f.root.Open(".")
	if err != nil {
		return
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(1024)
		for _, name := range names {
			if transfer.IsPartial(name) {
				f.sweepOne(name, now)
			}
		}
		if err != nil { // the end, or no more of it today
			return
		}
	}
}

func (f *folder) sweepOne(name string, now time.Time) {
	info, err := f.look(name)
	switch {
	case err != nil || info == nil:
	case isSecondName(info):
		f.dropName(name)
	case now.Sub(info.ModTime()) > staleAfter:
		if p := reopen(f, name); p != nil {
			p.discard()
		}
	}
}

// dropName removes a name of a file that has others, unless the run that gave it is still at it.
func (f *folder) dropName(name string) {
	file, err := f.root.OpenFile(name, os.O_RDONLY|openCarefully, 0)
	if err != nil {
		return
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && isSecondName(info) && lock(file) == nil {
		_ = f.root.Remove(name)
	}
}
