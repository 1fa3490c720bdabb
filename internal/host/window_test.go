package host

import (
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// TestUnreadStreamsHoldLittle: the side that anybody can connect to buffers 256 KiB of a stream that it
// does not read, which is what its limits count; the side that has dialled takes 16 MiB.
func TestUnreadStreamsHoldLittle(t *testing.T) {
	arrived := make(chan network.Stream, 1)
	server := newHost(t, Config{Listen: addrs(anyTCP)})
	server.SetStreamHandler(hello, func(s network.Stream) { arrived <- s })
	client := newHost(t, Config{})
	if err := client.Connect(soon(t), info(server)); err != nil {
		t.Fatal(err)
	}
	up, err := client.NewStream(soon(t), server.ID(), hello)
	if err != nil {
		t.Fatal(err)
	}
	const little = 256 << 10
	if got := fill(t, up); got > little {
		t.Errorf("the accepting side takes %d KiB", got>>10)
	}
	if got := fill(t, <-arrived); got <= little || got > window {
		t.Errorf("the dialling side takes %d KiB", got>>10)
	}
}

// fill writes to a stream that nobody reads until it takes no more, and returns how much it took.
func fill(t *testing.T, s network.Stream) (n int) {
	t.Helper()
	if err := s.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 16<<10)
	for {
		k, err := s.Write(block)
		n += k
		if err != nil {
			return n
		}
	}
}
