//go:build unix

package main

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestServiceManagerIsTold: READY when peers and commands can be answered and not before, RELOADING until a
// reload is over, STOPPING at the end.
func TestServiceManagerIsTold(t *testing.T) {
	if testing.Short() {
		t.Skip("building both programs takes most of its time: run it without -short")
	}
	work := t.TempDir()
	build(t, filepath.Join(work, "bin", "certexch"), ".")
	build(t, filepath.Join(work, "bin", "certexch-authority"), "../authority")
	setup, _, found := strings.Cut(journey(t), "cat >> nas/config.toml")
	if !found {
		t.Fatal("the README serves in another way")
	}
	shell(t, work, setup+"\nsed -i 's/24242/0/' nas/config.toml")

	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(work, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	told := func() string {
		t.Helper()
		if err := manager.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		message := make([]byte, 256)
		n, err := manager.Read(message)
		if err != nil {
			t.Fatal(err)
		}
		return string(message[:n])
	}
	serve := exec.CommandContext(t.Context(), filepath.Join(work, "bin", "certexch"), "--home", "nas", "serve")
	serve.Dir = work
	serve.Env = append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(work, "notify"))
	stdout, err := serve.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	log := bufio.NewReader(stdout)
	if got := told(); got != "READY=1" {
		t.Errorf("first: %q", got)
	}
	shell(t, work, "certexch --home nas status") // nothing to wait for
	if err := serve.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if got := told() + told(); got != "RELOADING=1READY=1" {
		t.Errorf("at a reload: %q", got)
	}
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := told(); got != "STOPPING=1" {
		t.Errorf("at the end: %q", got)
	}
	_, _ = log.WriteTo(new(strings.Builder))
	if err := serve.Wait(); err != nil {
		t.Error(err)
	}
}

// TestHangupBeforeReady: it ends nobody, and waits until there is somebody to answer.
func TestHangupBeforeReady(t *testing.T) {
	h := catchHangups()
	hangUp := func() {
		t.Helper()
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	hangUp()
	told := make(chan string)
	ctx, cancel := context.WithCancel(t.Context())
	h.answer(ctx, func() { told <- "hangup" }, func() { told <- "end" })
	next := func() string {
		select {
		case got := <-told:
			return got
		case <-time.After(10 * time.Second):
			return "nothing"
		}
	}
	if got := next(); got != "hangup" {
		t.Errorf("of the one before: %s", got)
	}
	hangUp()
	if got := next(); got != "hangup" {
		t.Errorf("of the next one: %s", got)
	}
	cancel()
	if got := next(); got != "end" {
		t.Errorf("at the end: %s", got)
	}
	h.stop()
}

// shell runs a script in the folder work, with the programs of work/bin.
func shell(t *testing.T, work, script string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(work, "bin")+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
}
