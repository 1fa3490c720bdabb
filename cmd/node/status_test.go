package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certexch/certexch/node"
)

// TestTimeoutOfRunning: a terminal that runs here and does not answer is waited for as long as --timeout says.
func TestTimeoutOfRunning(t *testing.T) {
	trial := newTrial(t)
	dir := t.TempDir()
	trial.must(t, dir, "init")
	home, err := node.HomeAt(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(home.Socket), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", home.Socket) // the system accepts; nobody reads
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	began := time.Now()
	for _, command := range []string{"status", "peers", "reload", "allow pending"} {
		code := trial.run(t, dir, append([]string{"--timeout", "10ms"}, strings.Fields(command)...)...)
		if code != node.CodeUnreachable || !strings.Contains(trial.err.String(), "no answer in time") {
			t.Errorf("%s: exit code %d: %s", command, code, trial.err.String())
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
