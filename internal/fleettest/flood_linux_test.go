package fleettest

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/labtest"
)

// long is set for what takes longer than every change can wait for: .ci/long.
var long = os.Getenv("CERTEXCH_LONG") != ""

// floodTime is how long a flood lasts.
func floodTime() time.Duration {
	if long {
		return time.Minute
	}
	return 6 * time.Second
}

const (
	// mostLife is the time of an exchange, and what a machine that is busy with a flood takes to notice.
	mostLife   = 10*time.Second + 5*time.Second
	mostGrowth = 64 << 20
	// patience is ten times what a file takes on this machine when nothing else goes on.
)

// patience is what a registered terminal has for a file. A machine that does other things than this test,
// as for every change, may take longer.
func patience() time.Duration {
	if long {
		return time.Second
	}
	return 5 * time.Second
}

// C1: connections and streams that begin and do not go on, more of them than a terminal takes, from one
// address and from many. Each ends in time, and a registered terminal gets its file meanwhile.
func TestC1HalfOpen(t *testing.T) {
	for _, c := range []struct {
		kind      string
		number    int
		addresses int
		long      bool
	}{
		{"silent", 2000, 1, true},
		{"silent", 2000, 20, false},
		{"slow", 2000, 20, true},
		{"half", 2000, 20, true},
		{"streams", 200, 20, false}, // 20,000 streams
		{"full", 200, 20, true},
		{"streams", 600, 20, true}, // more connections than the server takes
	} {
		t.Run(fmt.Sprintf("%d %s from %d", c.number, c.kind, c.addresses), func(t *testing.T) {
			if c.long && !long {
				t.Skip("takes half a minute each: .ci/long sets CERTEXCH_LONG for it")
			}
			lab := labtest.New(t)
			fleet := New(t, lab, "nas", "desk")
			server := serve(t, fleet.Terminal("nas"), map[string][]byte{"report.csv": make([]byte, 100_000)})
			desk := fleet.Terminal("desk")
			quickest := fetch(t, desk, server)
			before, _ := server.Memory()
			files := server.Files()

			flood := startFlood(t, lab, server, c.kind, c.number, c.addresses)
			end := time.Now().Add(floodTime())
			var took []time.Duration
			for time.Now().Before(end) {
				took = append(took, fetch(t, desk, server))
			}
			var opened, refused int
			if _, err := fmt.Sscan(flood.line(), &opened, &refused); err != nil {
				t.Fatal(err)
			}
			lived := time.Since(end)
			_, most := server.Memory()
			slices.Sort(took)
			t.Logf("%d opened, %d refused, the last lived for %v; %d files in %v to %v (before: %v); %d MiB more",
				opened, refused, lived, len(took), took[0], took[len(took)-1], quickest, (most-before)>>20)
			if opened == 0 {
				t.Error("no flood")
			}
			if lived > mostLife {
				t.Errorf("the last connection of the flood was open for %v", lived)
			}
			if median := took[len(took)/2]; median > max(patience(), 5*quickest) {
				t.Errorf("a registered terminal waited %v", median)
			}
			if most-before > mostGrowth {
				t.Errorf("the server's memory grew by %d MiB", (most-before)>>20)
			}
			expectQuiet(t, fleet, server, files)
		})
	}
}

// fetch fetches report.csv and says how long that took.
func fetch(t *testing.T, by *Terminal, from *Server) time.Duration {
	t.Helper()
	began := time.Now()
	f, err := by.Try("get", "--addr", from.Addr("tcp"), "nas:docs/report.csv", t.TempDir())
	if err != nil || f.Code != 0 {
		t.Errorf("after %v: %+v, %v", time.Since(began), f, err)
	}
	return time.Since(began)
}

// startFlood makes a host with so many addresses flood the server.
func startFlood(t *testing.T, lab *labtest.Lab, server *Server, kind string, number, addresses int) *running {
	t.Helper()
	crowd := lab.Host("crowd")
	args := []string{server.Addr("tcp"), kind, strconv.Itoa(number), floodTime().String(), crowd.Addr().String()}
	for i := range addresses - 1 {
		a := lab.LAN().Addr(100 + i)
		crowd.AddAddr(a)
		args = append(args, a.String())
	}
	flood := start(t, crowd.Program("flood", args...))
	flood.line()
	return flood
}
