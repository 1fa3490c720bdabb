package fleettest

import (
	"sync"
	"testing"

	"github.com/certexch/certexch/internal/labtest"
)

// F7: a server that runs out of files, memory or threads refuses new work, and recovers by itself.
func TestF7Exhausted(t *testing.T) {
	for name, limits := range map[string]labtest.Limits{
		"64 files":   {Files: 64},
		"96 MiB":     {Memory: 96 << 20},
		"40 threads": {Processes: 40},
	} {
		t.Run(name, func(t *testing.T) {
			if limits.Files == 0 && !long {
				t.Skip("takes most of a minute: .ci/long sets CERTEXCH_LONG for it")
			}
			lab := labtest.New(t)
			fleet := New(t, lab, "nas", "desk", "lamp")
			server := serve(t, fleet.Terminal("nas"), map[string][]byte{
				"report.csv": make([]byte, 100_000), "big": make([]byte, 24<<20)}, limits)
			desk := fleet.Terminal("desk")
			fetch(t, desk, server)
			served, refused := storm(t, server, desk, fleet.Terminal("lamp"))
			flood := startFlood(t, lab, server, "silent", 500, 5)
			flood.line()
			t.Logf("%d served, %d refused", served, refused)
			if served == 0 {
				t.Error("nobody was served")
			}
			waitFor(t, "the server to recover", func() bool {
				f, err := desk.Try("get", "--addr", server.Addr("tcp"), "nas:docs/report.csv", t.TempDir())
				return err == nil && f.Code == 0 || !server.Runs()
			})
			if !server.Runs() {
				t.Errorf("the server has ended: %v\n%s", server.err, tail(server.Log()))
			}
		})
	}
}

// storm fetches a file more often at once than a server with little has room for.
func storm(t *testing.T, server *Server, by ...*Terminal) (served, refused int) {
	t.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	for i := range 60 {
		to := t.TempDir()
		all.Go(func() {
			f, err := by[i%len(by)].Try("--timeout", "10s", "get", "--addr", server.Addr([]string{"tcp", "quic"}[i%4/3]), "nas:docs/big", to)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case f.Code == 0:
				served++
			default:
				refused++
			}
		})
	}
	all.Wait()
	return served, refused
}

// rounds is how often each fault of F11 happens.
func rounds() int {
	if long {
		return 100
	}
	return 20
}

// F11: whatever goes wrong with a peer, and however often, nothing is left of it: no goroutine, no file,
// and no place among the few that this server has.
func TestF11NothingIsLeft(t *testing.T) {
	lab := labtest.New(t)
	fleet := New(t, lab, "nas", "desk")
	nas, desk, member := fleet.Terminal("nas"), fleet.Terminal("desk"), fleet.Certify("member")
	member.Run("allow", "add", "nas")
	foreign := New(t, lab, "stranger").Terminal("stranger")
	foreign.Run("allow", "add", "nas")
	nas.Reconfigure("connections = 512", "connections = 16")
	nas.Reconfigure("streams = 64", "streams = 4")
	server := serve(t, nas, map[string][]byte{"report.csv": make([]byte, 100_000), "big": make([]byte, 64<<20)})
	fetch(t, desk, server)
	files := server.Files()

	for name, fault := range map[string]func(transport string){
		"not registered": func(tr string) {
			expectCode(t, 4, member, "get", "--addr", server.Addr(tr), "nas:docs/report.csv", t.TempDir())
		},
		"of another authority": func(tr string) {
			expectCode(t, 15, foreign, "get", "--addr", server.Addr(tr), "nas:docs/report.csv", t.TempDir())
		},
		"no such file": func(tr string) {
			expectCode(t, 3, desk, "get", "--addr", server.Addr(tr), "nas:docs/none", t.TempDir())
		},
		"killed in the middle": func(tr string) {
			if tr == "tcp" { // who has died over QUIC is missed after half a minute only
				receiveALittle(t, desk.Command("cat", "--addr", server.Addr(tr), "nas:docs/big"))()
			}
		},
		"garbage for an exchange": func(string) {
			if desk.Host.Program("ask", key(member), server.Addr("tcp")).Run() == nil {
				t.Error("answered")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range rounds() {
				fault([]string{"tcp", "quic"}[i%2])
			}
			waitFor(t, "a place among the connections", func() bool {
				f, err := desk.Try("get", "--addr", server.Addr("tcp"), "nas:docs/report.csv", t.TempDir())
				return err == nil && f.Code == 0
			})
		})
	}
	expectQuiet(t, fleet, server, files)
}

func expectCode(t *testing.T, code int, by *Terminal, args ...string) {
	t.Helper()
	if f := by.Fail(args...); f.Code != code {
		t.Errorf("code %d instead of %d: %+v", f.Code, code, f)
	}
}
