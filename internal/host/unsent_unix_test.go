//go:build linux || darwin

package host

import (
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	"golang.org/x/sys/unix"
)

// Both ends of a connection over TCP keep little unsent, whatever lies between the muxer and the socket.
func TestUnsentIsLimited(t *testing.T) {
	server := newHost(t, Config{Listen: addrs(anyTCP), Setup: answerHello})
	client := newHost(t, Config{})
	if err := client.Connect(soon(t), info(server)); err != nil {
		t.Fatal(err)
	}
	ask(t, client, info(server)) // both have it by then
	for _, conns := range [][]network.Conn{client.Network().Conns(), server.Network().Conns()} {
		var paced *pacedConn
		if len(conns) != 1 || !conns[0].As(&paced) {
			t.Fatalf("%v", conns)
		}
		socket, ok := system(paced.socket.Conn)
		if !ok {
			t.Fatal("no socket was found")
		}
		_ = socket.Control(func(fd uintptr) {
			if n, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT); n != unsentLimit || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
		})
	}
}
