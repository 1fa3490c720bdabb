//go:build !unix

package host

import "math"

// mostFiles is how many files and sockets the system lets this process have open.
func mostFiles() int { return math.MaxInt32 }
