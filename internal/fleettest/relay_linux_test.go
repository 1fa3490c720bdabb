package fleettest

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/certexch/certexch/internal/labtest"
)

// C10: two terminals that can reach each other only through a relay do not reach each other. The relay is
// asked for nothing, and carries nothing. That others get through it is what makes this a test.
func TestC10OnlyARelayBetweenThem(t *testing.T) {
	for _, kind := range []string{"default", "infinite", "lying"} {
		t.Run(kind, func(t *testing.T) {
			lab := labtest.New(t)
			site := newRelaySite(t, lab, kind)
			nas, desk := site.fleet.Terminal("nas"), site.fleet.Terminal("desk")
			way := site.addr + "/p2p-circuit/p2p/" + site.nasID

			reserved := start(t, nas.Host.Program("reserve", key(nas), site.near))
			reserved.line()
			if out, err := desk.Host.Program("ask", key(desk), way).CombinedOutput(); err != nil {
				t.Fatalf("the relay does not work for others: %v\n%s", err, out)
			}
			requests, bytes := site.seen("")
			if requests == 0 || bytes == 0 {
				t.Fatalf("the relay does not count: %d requests, %d bytes", requests, bytes)
			}

			capture := lab.Network("far").Capture()
			failure := desk.Fail("get", "--addr", way, "nas:docs/report.csv", t.TempDir())
			if failure.Code != 9 || failure.Reason != "no-direct-path" || !strings.Contains(failure.Try, "open") {
				t.Errorf("%+v", failure)
			}
			if f := desk.Fail("allow", "add", "nas", "--addr", way); f.Code != 9 {
				t.Errorf("into the allowlist by a command: %+v", f)
			}
			editAllowlist(t, desk, "acme.example/nas addr="+way)
			if f := desk.Fail("get", "nas:docs/report.csv", t.TempDir()); f.Reason != "bad-allowlist" {
				t.Errorf("into the allowlist by an editor: %+v", f)
			}
			capture.Stop()
			if n := capture.Bytes(func(p labtest.Packet) bool { return p.Involves(site.far) }); n != 0 {
				t.Errorf("%d bytes between the terminal and the relay", n)
			}
			if r, b := site.seen(""); r != requests || b != bytes {
				t.Errorf("the relay has seen %d requests and %d bytes more", r-requests, b-bytes)
			}
		})
	}
}

// C10: a terminal that serves is not reached through a relay that is connected to it, whatever that is
// willing to do.
func TestC10NotReachedThroughARelay(t *testing.T) {
	lab := labtest.New(t)
	site := newRelaySite(t, lab, "lying")
	nas, desk := site.fleet.Terminal("nas"), site.fleet.Terminal("desk")
	server := nas.Serve()
	requests, bytes := site.seen(server.Addr("tcp"))
	out, err := desk.Host.Program("ask", key(desk), site.addr+"/p2p-circuit/p2p/"+site.nasID).CombinedOutput()
	if err == nil {
		t.Error("reached")
	}
	if r, b := site.seen(""); r == requests || b != bytes {
		t.Errorf("the relay was asked %d times, and carried %d bytes\n%s", r-requests, b-bytes, out)
	}
}

// C10: when the direct way is lost in the middle of a transfer, the one through a relay is not taken.
func TestC10TheDirectWayIsLost(t *testing.T) {
	lab := labtest.New(t)
	site := newRelaySite(t, lab, "infinite")
	nas, desk := site.fleet.Terminal("nas"), site.fleet.Terminal("desk")
	direct := desk.Host.Join(lab.LAN())
	server := serve(t, nas, map[string][]byte{"big": make([]byte, 64<<20)})
	direct.Set(labtest.Conditions{Rate: 8 << 20})
	reserved := start(t, nas.Host.Program("reserve", key(nas), site.near))
	reserved.line()

	to := t.TempDir()
	failed := make(chan Failure, 1)
	go func() {
		f, err := desk.Try("--timeout", "3s", "get", "--addr", server.Addr("tcp"), "nas:docs/big", to)
		if err != nil {
			t.Error(err)
		}
		failed <- f
	}()
	waitFor(t, "the transfer to begin", func() bool { return size(to) > 1<<20 })
	direct.Down()
	if f := <-failed; f.Code != 8 {
		t.Errorf("%+v", f)
	}
	if r, b := site.seen(""); r != 0 || b != 0 {
		t.Errorf("the relay has seen %d requests and %d bytes", r, b)
	}
}

// relaySite is a terminal on the LAN, another on a network far away, and a relay on both.
type relaySite struct {
	fleet *Fleet
	relay *running
	near  string // the relay's address on the LAN,
	addr  string // and on the far network
	far   netip.Addr
	nasID string
}

func newRelaySite(t *testing.T, lab *labtest.Lab, kind string) *relaySite {
	t.Helper()
	lab.Network("far").Host("desk")
	host := lab.Host("relay")
	far := host.Join(lab.Network("far")).Addr()
	site := &relaySite{fleet: New(t, lab, "nas", "desk"), far: far, relay: start(t, host.Program("relay", kind))}
	id := strings.TrimPrefix(site.relay.line(), "ready ")
	site.near = fmt.Sprintf("/ip4/%s/tcp/4001/p2p/%s", host.Addr(), id)
	site.addr = fmt.Sprintf("/ip4/%s/tcp/4001/p2p/%s", far, id)
	site.nasID = regexp.MustCompile(`12D3Koo\w+`).FindString(site.fleet.Terminal("nas").Run("id"))
	return site
}

// seen makes the relay connect to an address, if there is one, and returns how many requests for a way to
// somebody it has seen, and how many bytes it has carried.
func (s *relaySite) seen(connect string) (requests, bytes int) {
	s.relay.t.Helper()
	s.relay.say(connect)
	if _, err := fmt.Sscan(s.relay.line(), &requests, &bytes); err != nil {
		s.relay.t.Fatal(err)
	}
	return requests, bytes
}

func key(t *Terminal) string { return filepath.Join(t.Home, "state", "signing.key") }

// editAllowlist makes a line the whole list, as with an editor.
func editAllowlist(t *testing.T, of *Terminal, line string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(of.Home, "state", "allowlist"), []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}
