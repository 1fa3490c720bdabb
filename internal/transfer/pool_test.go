package transfer

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/certexch/certexch/protocol"
)

// mute is a channel to a server that is silent: it takes everything and says nothing.
type mute struct {
	Channel
	wait time.Duration // of a Receive
	gone *atomic.Int32 // how many have been closed
}

func (m *mute) CloseSend() error                 { return nil }
func (m *mute) SetWriteDeadline(time.Time) error { return nil }
func (m *mute) Reset()                           { m.gone.Add(1) }

func (m *mute) SetReadDeadline(t time.Time) error {
	m.wait = time.Until(t)
	return nil
}

func (m *mute) Receive(*protocol.Frame) error {
	time.Sleep(m.wait)
	return os.ErrDeadlineExceeded
}

func (m *mute) Close() error {
	m.gone.Add(1)
	return nil
}

// Whoever wants a channel does not wait until those of a silent server have been given up; Close does, for all of
// them at once.
func TestPoolGivesUpChannelsMeanwhile(t *testing.T) {
	for _, lost := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var gone atomic.Int32
			opened := 0
			p := NewPool(func(context.Context) (Channel, error) {
				opened++
				return &mute{gone: &gone}, nil
			}, patience)
			const many = 5
			var clients []*Client
			for range many {
				c, err := p.take(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				clients = append(clients, c)
			}
			broken := clients[0]
			for _, c := range clients[1:] {
				p.give(c)
			}
			start := time.Now()
			if lost {
				_ = broken.abandon(errors.New("lost"))
				p.give(broken)
			} else {
				p.give(broken)
				time.Sleep(keepFor)
				start = time.Now()
			}
			c, err := p.take(t.Context())
			if err != nil || time.Since(start) != 0 || opened != many+1 {
				t.Errorf("lost %v: number %d after %v: %v", lost, opened, time.Since(start), err)
			}
			p.give(c)
			p.Close()
			if took := time.Since(start); took != endWait || gone.Load() != many+1 {
				t.Errorf("lost %v: %d were given up, after %v", lost, gone.Load(), took)
			}
		})
	}
}
