package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/certexch/certexch/internal/control"
	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/node"
	"github.com/certexch/certexch/protocol"
)

// TestIsLost: what a stop of the terminal that runs here looks like at a command is a loss of the connection, and an
// interrupt of the command itself, or an answer, is none.
func TestIsLost(t *testing.T) {
	told := func(err error) error { f := control.Failure(node.Explain(err)); return &f }
	for _, c := range []struct {
		err  error
		lost bool
	}{
		{protocol.ErrBroken, true},
		{control.ErrNotRunning, true},
		{told(context.Canceled), true},
		{told(fmt.Errorf("opening: %w", node.ErrClosed)), true},
		{told(protocol.ErrBroken), true},
		{context.Canceled, false},
		{told(&transfer.StatusError{Status: transfer.StatusNotFound}), false},
		{told(&protocol.RefusedError{Reason: protocol.NotRegisteredThere}), false},
	} {
		if isLost(c.err) != c.lost {
			t.Errorf("%v: %v", c.err, !c.lost)
		}
	}
}
