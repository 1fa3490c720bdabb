package protocol

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
)

var (
	// ErrIntegrity is the end of a channel on which something arrived that the peer did not send as
	// it arrived: altered, cut off, reordered, repeated or not of this protocol.
	ErrIntegrity = errors.New("the stream was altered or cut off")
	// ErrBroken is the end of a channel whose transport failed: the connection was lost, or the stream
	// reset. It wraps the transport's error.
	ErrBroken = errors.New("the connection broke")
	// ErrEnded is returned by Send after CloseSend.
	ErrEnded = errors.New("this direction of the stream has ended")
)

func integrity(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrIntegrity}, args...)...)
}

// cutOff turns the end of the transport before the authenticated end into what it is, and other errors
// of the transport into what broken makes of them.
func cutOff(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF { // F6
		return integrity("it stopped before its end")
	}
	return broken(err)
}

// broken makes every error of a transport one of two, whichever transport it is: one that matches
// os.ErrDeadlineExceeded for time that ran out, and ErrBroken for all else.
func broken(err error) error {
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	var timed net.Error
	if errors.As(err, &timed) && timed.Timeout() {
		return fmt.Errorf("%w: %w", os.ErrDeadlineExceeded, err)
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}
