package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/control"
	"github.com/certexch/certexch/internal/receive"
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
		{told(fmt.Errorf("opening: %w", node.ErrClosed)), true},
		{told(protocol.ErrBroken), true},
		{told(errors.New("a file that somebody closed")), false},
		{context.Canceled, false},
		{told(&transfer.StatusError{Status: transfer.StatusNotFound}), false},
		{told(&protocol.RefusedError{Reason: protocol.NotRegisteredThere}), false},
	} {
		if isLost(c.err) != c.lost {
			t.Errorf("%v: %v", c.err, !c.lost)
		}
	}
}

// broken is a channel to a terminal that is gone.
type broken struct{ transfer.Channel }

func (broken) Send(*protocol.Frame) error       { return protocol.ErrBroken }
func (broken) Hold(*protocol.Frame) error       { return protocol.ErrBroken }
func (broken) SetReadDeadline(time.Time) error  { return nil }
func (broken) SetWriteDeadline(time.Time) error { return nil }
func (broken) Reset()                           {}
func (broken) Close() error                     { return nil }

// TestRetryOfWhatHadNotBegun: a terminal that was there, and is lost before anything of the file has come, is waited for,
// and so is the one that runs here, by whom it lets use its socket and not its home; one that never answered is not.
func TestRetryOfWhatHadNotBegun(t *testing.T) {
	refused := &transfer.StatusError{Status: transfer.StatusNotFound}
	for _, c := range []struct {
		answers []error // nil: a channel, which breaks
		want    error
	}{
		{[]error{nil, protocol.ErrBroken, refused}, refused},
		{[]error{nil, control.ErrNotRunning, refused}, refused},
		{[]error{protocol.ErrBroken, refused}, protocol.ErrBroken},
	} {
		v := newVisit(newTrial(t).environment)
		v.env.timeout, v.env.home = time.Minute, t.TempDir()
		v.way = func(context.Context, certauth.Identity, []multiaddr.Multiaddr) (transfer.Channel, error) {
			err := c.answers[0]
			c.answers = c.answers[1:]
			return broken{}, err
		}
		l := location{share: "docs", path: "f"}
		_, err := v.fetch(t.Context(), l, receive.Destination{Dir: t.TempDir(), Name: "f"}, getFlags{retry: time.Hour}, nil)
		if !errors.Is(err, c.want) {
			t.Errorf("got %v, want %v", err, c.want)
		}
	}
}
