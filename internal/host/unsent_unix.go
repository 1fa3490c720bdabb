//go:build linux || darwin

package host

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unsentLimit is how many bytes the system may keep of a connection that it has not sent yet.
const unsentLimit = 256 << 10

// limitUnsent keeps what waits in the system for its turn short: the rest of its buffer is for what is under way.
// Where it may hold megabytes, a slow line takes longer to make room than the muxer gives a write, and to let a
// ping through, than it gives an answer; both end the connection.
func limitUnsent(c net.Conn) {
	socket, ok := system(c)
	if !ok {
		return
	}
	_ = socket.Control(func(fd uintptr) { // without it the connection is as it would be
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentLimit)
	})
}

// system finds the socket below what secures and wraps it.
func system(c net.Conn) (syscall.RawConn, bool) {
	for {
		switch below := c.(type) {
		case syscall.Conn:
			raw, err := below.SyscallConn()
			return raw, err == nil
		case interface{ NetConn() net.Conn }:
			c = below.NetConn()
		default:
			return nil, false
		}
	}
}
