//go:build unix

package host

import (
	"math"

	"golang.org/x/sys/unix"
)

// mostFiles is how many files and sockets the system lets this process have open.
func mostFiles() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > math.MaxInt32 {
		return math.MaxInt32
	}
	return int(limit.Cur)
}
