package control

import (
	"io"
	"time"

	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/protocol"
)

// relay passes frames between a command and a session's channel until both directions have ended, or
// something goes wrong in one. It gives remote back or up.
func (s *Server) relay(local *channel, remote transfer.Channel) {
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		if err := pass(local, remote); err != nil {
			remote.Reset() // the command is gone, or the session is
		}
	}()
	err := pass(remote, local)
	if err != nil {
		_ = local.SetWriteDeadline(time.Now().Add(patience))
		f := s.Terminal.Explain(err)
		_ = local.fail(&f)
		remote.Reset()
	}
	if err != nil || local.SetReadDeadline(time.Now().Add(patience)) != nil {
		local.Reset()
	}
	<-asked
	_ = remote.Close()
}

// pass passes frames on until the end of from's direction, which it passes on too.
func pass(from, to transfer.Channel) error {
	f := protocol.NewFrame()
	for {
		if err := from.SetReadDeadline(time.Now().Add(channelIdle)); err != nil {
			return err
		}
		err := from.Receive(f)
		if err != nil && err != io.EOF {
			return err
		}
		if err := to.SetWriteDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		if err == io.EOF {
			return to.CloseSend()
		}
		send := to.Send
		if from.Ready() { // the next one can travel with it
			send = to.Hold
		}
		if err := send(f); err != nil {
			return err
		}
	}
}
