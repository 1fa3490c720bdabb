package transfer

import (
	"time"

	"github.com/certexch/certexch/protocol"
)

// Channel carries requests and answers, frame by frame, as a *protocol.Channel does between terminals.
// Errors of Send, Hold, Flush and Receive are those that protocol.Channel documents.
type Channel interface {
	Send(*protocol.Frame) error
	Hold(*protocol.Frame) error
	Flush() error
	Ready() bool
	Receive(*protocol.Frame) error
	CloseSend() error
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
	Reset()
	Close() error
}

var _ Channel = (*protocol.Channel)(nil)
