package node

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/protocol"
)

// outbound is a connection that this side has dialled, and nothing more.
type outbound struct{ network.Conn }

func (outbound) Stat() network.ConnStats {
	return network.ConnStats{Stats: network.Stats{Direction: network.DirOutbound}}
}

func (outbound) IsClosed() bool { return false }

// TestDialMeetsClose: an exchange that is to begin when the terminal is about to be closed ends at once, for all
// who wait for it.
func TestDialMeetsClose(t *testing.T) {
	terminal := &Terminal{ctx: t.Context()}
	terminal.goroutines.wait()
	l := terminal.links.of(outbound{})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for range 2 {
		if err := terminal.initiate(ctx, l, certauth.Identity{}); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
}

// TestRefusalOfMany: what one of several who wait for an exchange is told is not written into what the others
// are.
func TestRefusalOfMany(t *testing.T) {
	shared := &protocol.RefusedError{Reason: protocol.NotRegisteredHere}
	err := blamePin(shared, allowlist.Entry{Pin: new([32]byte)})
	var told *protocol.RefusedError
	if !errors.As(err, &told) || told.Err == nil || told.Reason != shared.Reason {
		t.Errorf("told %v", err)
	}
	if shared.Err != nil {
		t.Errorf("others are told: %v", shared.Err)
	}
}
