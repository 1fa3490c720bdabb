package fleettest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/certexch/certexch/internal/labtest"
)

func TestMain(m *testing.M) {
	os.Exit(Main(m, map[string]func([]string) error{
		"relay":   relayProgram,
		"reserve": reserveProgram,
		"ask":     askProgram,
		"flood":   floodProgram,
	}))
}

func TestTerminalsFetchFromEachOther(t *testing.T) {
	lab := labtest.New(t)
	fleet := New(t, lab, "nas", "desk")
	want := bytes.Repeat([]byte("quarter,amount\n"), 100_000)
	server := serve(t, fleet.Terminal("nas"), map[string][]byte{"report.csv": want})
	addrs := []string{server.Addr("tcp"), server.Addr("quic")}
	if v6 := fleet.Terminal("nas").Host.Addr6(); v6.IsValid() {
		addrs = append(addrs, server.AddrAt(v6, "tcp"))
	}
	for _, addr := range addrs {
		expectFetched(t, fleet.Terminal("desk"), addr, "report.csv", want)
	}
	if failure := fleet.Terminal("desk").Fail("ls", "--addr", server.Addr("tcp"), "nas:nothing"); failure.Code != 3 {
		t.Errorf("a share that is not there: %+v", failure)
	}
}

func TestGoroutinesOfAServer(t *testing.T) {
	lab := labtest.New(t)
	server := New(t, lab, "nas").Terminal("nas").Serve()
	if all := strings.Join(server.Goroutines(), " "); !strings.HasPrefix(all, "github.com/") || !strings.Contains(all, "main") {
		t.Error(all)
	}
}

// serve makes a terminal serve files, in the share docs.
func serve(t *testing.T, terminal *Terminal, files map[string][]byte, limits ...labtest.Limits) *Server {
	t.Helper()
	terminal.Share("docs", folder(t, files))
	return terminal.Serve(limits...)
}

func folder(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// expectFetched fetches a file of nas:docs.
func expectFetched(t *testing.T, by *Terminal, addr, name string, want []byte) {
	t.Helper()
	to := t.TempDir()
	by.Run("get", "--addr", addr, "nas:docs/"+name, to)
	got, err := os.ReadFile(filepath.Join(to, name))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("from %s: %d bytes of %d, %v", addr, len(got), len(want), err)
	}
}
