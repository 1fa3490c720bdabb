package fleettest

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/labtest"
)

// deadReceivers are as many as ask for a file and then do not take it.
const deadReceivers = 12

// capOfReceiver is what one of them may cost: the frames between reading and sending, what waits for the
// socket, and the goroutines and the connection, of TLS and of libp2p.
const capOfReceiver = 4 << 20

// A receiver that stops reading, or that has died, costs its share of memory and slows nobody else.
func TestDeadReceivers(t *testing.T) {
	lab := labtest.New(t)
	fleet := New(t, lab, "nas", "desk", "dead")
	const size = 128 << 20
	server := serve(t, fleet.Terminal("nas"), map[string][]byte{"report.csv": make([]byte, 100_000), "big": make([]byte, size)})
	desk, dead := fleet.Terminal("desk"), fleet.Terminal("dead")
	fetch(t, desk, server)
	alone := fetchBig(t, desk, server)
	before, _ := server.Memory()
	files := server.Files()

	var kill []func()
	for i := range deadReceivers {
		cmd := dead.Command("cat", "--addr", server.Addr("tcp"), "nas:docs/big")
		kill = append(kill, receiveALittle(t, cmd))
		if i%2 == 0 {
			_ = cmd.Process.Signal(syscall.SIGSTOP)
		}
	}
	beside := fetchBig(t, desk, server)
	_, most := server.Memory()
	t.Logf("%d MiB alone in %v, beside %d dead receivers in %v; %d MiB more", size>>20, alone, deadReceivers, beside, (most-before)>>20)
	if beside > 2*alone+time.Second {
		t.Errorf("beside dead receivers a file took %v, alone %v", beside, alone)
	}
	if most-before > deadReceivers*capOfReceiver {
		t.Errorf("%d dead receivers cost %d MiB", deadReceivers, (most-before)>>20)
	}
	for _, k := range kill {
		k()
	}
	expectQuiet(t, fleet, server, files)
}

// receiveALittle starts a command and reads the first of what it writes. It returns what kills it.
func receiveALittle(t *testing.T, cmd *exec.Cmd) (kill func()) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	if _, err := io.ReadFull(out, make([]byte, 1000)); err != nil {
		kill()
		t.Errorf("received nothing: %v\n%s", err, &stderr)
	}
	return kill
}

func fetchBig(t *testing.T, by *Terminal, from *Server) time.Duration {
	t.Helper()
	to := t.TempDir()
	began := time.Now()
	by.Run("get", "--addr", from.Addr("tcp"), "nas:docs/big", to)
	took := time.Since(began)
	_ = os.Remove(filepath.Join(to, "big"))
	return took
}

// A line of 400 kbit/s carries a file over one connection, though the system would buffer as much as the line
// carries in 40 s: what waits there must not look like a peer that is gone.
func TestSlowLineBehindLargeBuffers(t *testing.T) {
	if os.Getenv("CERTEXCH_LONG") == "" {
		t.Skip("the file takes most of a minute: .ci/long sets CERTEXCH_LONG for it")
	}
	lab := labtest.New(t)
	fleet := New(t, lab, "nas", "desk")
	nas, desk := fleet.Terminal("nas"), fleet.Terminal("desk")
	if out, err := nas.Host.Command("sysctl", "-q", "-w", "net.ipv4.tcp_wmem=4096 2097152 4194304").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	server := serve(t, nas, map[string][]byte{"report.csv": bytes.Repeat([]byte("quarter,amount\n"), 200_000)})
	lab.Link(nas.Host).Set(labtest.Conditions{Rate: 50_000})
	if out, err := desk.Command("get", "--retry", "0", "--addr", server.Addr("tcp"), "nas:docs/report.csv", t.TempDir()).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
