package host

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// heard returns when the system last got something of the other side: content, or that ours has arrived. It is what
// the system's own keepalive goes by.
func heard(c net.Conn) (at time.Time, ok bool) {
	socket, ok := system(c)
	if !ok {
		return at, false
	}
	var info *unix.TCPInfo
	err := socket.Control(func(fd uintptr) {
		info, _ = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	})
	if err != nil || info == nil {
		return at, false
	}
	// A sender's answers tell little of content, and a receiver's content little of answers: the later one counts.
	ago := min(info.Last_ack_recv, info.Last_data_recv)
	return time.Now().Add(-time.Duration(ago) * time.Millisecond), true
}
