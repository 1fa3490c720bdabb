//go:build unix

package allowlist

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A FIFO in place of the list must not make a decision wait for ever.
func TestCurrentDoesNotBlock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allowlist")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	answer := make(chan error, 1)
	go func() {
		_, err := NewStore(path).Current()
		answer <- err
	}()
	select {
	case err := <-answer:
		if err == nil {
			t.Error("a FIFO is no list")
		}
	case <-time.After(10 * time.Second):
		t.Error("still waiting for the other end of a FIFO")
	}
}
