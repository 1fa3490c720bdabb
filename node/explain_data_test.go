package node_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/node"
	"github.com/certexch/certexch/protocol"
)

// TestExplainTransport: what a connection says of its end is told in words, never in libp2p's.
func TestExplainTransport(t *testing.T) {
	busy := &network.StreamError{Remote: true, ErrorCode: network.StreamResourceLimitExceeded}
	for _, c := range []struct {
		err    error
		reason string
		code   int
	}{
		{protocol.ErrBroken, "connection-lost", node.CodeUnreachable},
		{fmt.Errorf("%w: %w", protocol.ErrBroken, network.ErrReset), "connection-lost", node.CodeUnreachable},
		{fmt.Errorf("%w: %w", protocol.ErrBroken, busy), "busy", node.CodeOther},
		{&protocol.RefusedError{Reason: protocol.Interrupted, Err: busy}, "busy", node.CodeOther},
		{&protocol.RefusedError{Reason: protocol.Interrupted, Err: network.ErrReset}, "interrupted", node.CodeUnreachable},
		{fmt.Errorf("%w: %w", protocol.ErrBroken, &network.StreamError{ErrorCode: network.StreamResourceLimitExceeded}), "connection-lost", node.CodeUnreachable},
		{os.ErrDeadlineExceeded, "timed-out", node.CodeUnreachable},
		{protocol.ErrIntegrity, "integrity", node.CodeIntegrity},
	} {
		f := node.Explain(fmt.Errorf("read: %w", c.err))
		if f.Reason != c.reason || f.Code != c.code || f.Try == "" {
			t.Errorf("%v: %+v", c.err, f)
		}
	}
}

// TestExplainStatuses: each way in which another terminal fails has its word and advice, and says what it is about; one that
// this version does not know has the word of all that is not known.
func TestExplainStatuses(t *testing.T) {
	for s := transfer.StatusNotFound; s <= transfer.StatusTooLarge; s++ {
		f := node.Explain(&transfer.StatusError{Status: s, Op: "list", Path: "docs/a"})
		if f.Reason != s.String() || !strings.Contains(f.Text, `"docs/a"`) || f.Try == "" {
			t.Errorf("%v: %+v", s, f)
		}
	}
	if f := node.Explain(&transfer.StatusError{Status: transfer.StatusFailed, Op: "shares"}); f.Text != "the terminal could not serve the list of its shares" {
		t.Errorf("of the shares: %q", f.Text)
	}
	if f := node.Explain(&transfer.StatusError{Status: transfer.StatusTooLarge + 1}); f.Reason != "other" || f.Try == "" {
		t.Errorf("unknown: %+v", f)
	}
	if f := node.Explain(fmt.Errorf("opening: %w", node.ErrClosed)); f.Reason != "stopping" || f.Code != node.CodeUnreachable {
		t.Errorf("closed: %+v", f)
	}
}
