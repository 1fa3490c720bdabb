package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// hangups are the SIGHUPs of this process. None of them ends it, and one that comes before anybody answers
// waits.
type hangups struct {
	came chan os.Signal
	done chan struct{} // closed when nobody answers any more; nil before somebody does
}

func catchHangups() *hangups {
	h := &hangups{came: make(chan os.Signal, 1)}
	signal.Notify(h.came, syscall.SIGHUP)
	return h
}

// answer calls f for each of them until ctx ends, and then end.
func (h *hangups) answer(ctx context.Context, f, end func()) {
	h.done = make(chan struct{})
	go func() {
		defer close(h.done)
		for {
			select {
			case <-ctx.Done():
				end()
				return
			case <-h.came:
				f()
			}
		}
	}()
}

// stop waits for the last answer, for which the ctx of answer has to have ended.
func (h *hangups) stop() {
	if h.done != nil {
		<-h.done
	}
	signal.Stop(h.came)
}
