package fleettest

import (
	"strings"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/labtest"
)

// TestFoundByName: a terminal is found by its name alone, and again within 10 s of a change of its address.
func TestFoundByName(t *testing.T) {
	lab := labtest.New(t)
	fleet := New(t, lab, "nas", "desk")
	nas, desk := fleet.Terminal("nas"), fleet.Terminal("desk")
	nas.Reconfigure("  \"/ip6/::/tcp/24242\",\n  \"/ip6/::/udp/24242/quic-v1\",\n", "") // or that would be found, unchanged
	serve(t, nas, map[string][]byte{"a.txt": []byte("a")})
	if out := desk.Run("ls", "nas:docs"); !strings.Contains(out, "a.txt") {
		t.Errorf("ls: %q", out)
	}
	running := desk.Serve() // and by a terminal that runs, for a command that uses it
	if out := desk.Run("ls", "nas:docs"); !strings.Contains(out, "a.txt") {
		t.Errorf("ls by the running terminal: %q", out)
	}
	running.Stop()
	old := nas.Host.Addr()
	for _, addr := range []string{old.Next().Next().Next().Next().String(), old.String()} {
		changed := time.Now()
		nas.Host.SetAddr(addr)
		for {
			failure, err := desk.Try("ls", "nas:docs")
			if err != nil {
				t.Fatal(err)
			}
			if failure.Code == 0 {
				t.Logf("found at %s after %s", addr, time.Since(changed))
				break
			}
			if time.Since(changed) > 10*time.Second {
				t.Fatalf("at %s: %+v", addr, failure)
			}
		}
	}
}

// TestNotFoundByName: a terminal that is on no network is said to have been looked for.
func TestNotFoundByName(t *testing.T) {
	lab := labtest.New(t)
	fleet := New(t, lab, "nas", "desk")
	fleet.Terminal("nas").Serve()
	fleet.Terminal("nas").Host.Down()
	failure := fleet.Terminal("desk").Fail("ls", "nas:docs")
	if failure.Code != 8 || !strings.Contains(failure.Text, "no answer on this network (mDNS)") || !strings.Contains(failure.Try, "--addr") {
		t.Errorf("%+v", failure)
	}
}
