package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/control"
	"github.com/certexch/certexch/node"
)

// busy is a terminal with more sessions than one answer lists.
type busy struct{ control.Terminal }

func (busy) Status() control.Status { return control.Status{Sessions: make([]control.Session, 1003)} }

// TestMoreSessions: whoever reads peers --json learns that not all are listed.
func TestMoreSessions(t *testing.T) {
	trial := newTrial(t)
	dir := t.TempDir()
	trial.must(t, dir, "init")
	home, err := node.HomeAt(dir)
	if err != nil {
		t.Fatal(err)
	}
	l, err := control.Listen(home.Socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- (&control.Server{Terminal: busy{}}).Serve(ctx, l) }()
	defer func() { stop(); <-ended }()

	lines := strings.Split(strings.TrimSpace(trial.must(t, dir, "--json", "peers")), "\n")
	if last := lines[len(lines)-1]; len(lines) != 1001 || last != `{"sessions_more":3}` || trial.err.String() != "" {
		t.Errorf("%d lines, the last %s, and %q", len(lines), last, trial.err.String())
	}
	trial.must(t, dir, "peers")
	if !strings.Contains(trial.err.String(), "3 more sessions stand than are listed") {
		t.Errorf("%q", trial.err.String())
	}
}

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
