package host

import (
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/multiformats/go-multistream"
)

// TestUnreadStreamsHoldLittle: the side that anybody can connect to buffers 256 KiB of a stream that it
// does not read, which is what its limits count; the side that has dialled takes 24 MiB.
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

// A peer that this side has dialled may fill few of the large windows, and fewer before it has proven itself.
// Its other streams wait until these end, and none is lost.
func TestC1StreamsOfTheDialledWait(t *testing.T) {
	const many = 2 * acceptedAtOnce
	accepted, dialled, _, _ := muxedPair(t)
	arrived := make(chan network.MuxedStream)
	go func() {
		defer close(arrived)
		for s, err := dialled.AcceptStream(); err == nil; s, err = dialled.AcceptStream() {
			arrived <- s
		}
	}()
	for range many {
		if _, err := accepted.OpenStream(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	places := dialled.(*pacedConn).places
	var open []network.MuxedStream
	for len(open) < acceptedBefore {
		open = append(open, <-arrived)
	}
	nobodyElse := func() {
		t.Helper()
		select {
		case <-arrived:
			t.Fatalf("one stream more than %d", len(open))
		case <-time.After(100 * time.Millisecond):
		}
	}
	nobodyElse()
	places.openAll()
	places.openAll()
	for len(open) < acceptedAtOnce {
		open = append(open, <-arrived)
	}
	nobodyElse()
	for i := range many - acceptedAtOnce {
		if i%2 == 0 {
			_ = open[0].Close()
		}
		_ = open[0].Reset()
		open = append(open[1:], <-arrived)
	}
	_ = dialled.Close()
	if _, more := <-arrived; more {
		t.Error("a stream that nobody has opened")
	}
}

// A peer is known when somebody asks to keep its connection, also one that was dialled; then it may have as many
// streams as a tree needs, and more.
func TestC1TheDialledAreStrangers(t *testing.T) {
	for _, keep := range []bool{false, true} {
		server := newHost(t, Config{Listen: addrs(anyTCP)})
		client := newHost(t, Config{})
		came := make(chan network.Stream, 2*acceptedAtOnce)
		client.SetStreamHandler(hello, func(s network.Stream) { came <- s })
		if err := client.Connect(soon(t), info(server)); err != nil {
			t.Fatal(err)
		}
		want := acceptedBefore
		if keep {
			Keep(client.Network().ConnsToPeer(server.ID())[0])
			want = acceptedAtOnce
		}
		for range 2 * acceptedAtOnce {
			s, err := server.Network().NewStream(soon(t), client.ID())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := multistream.NewMSSelect[string](s, hello).Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
		}
		for range want {
			<-came
		}
		select {
		case <-came:
			t.Errorf("kept %v: more than %d streams", keep, want)
		case <-time.After(100 * time.Millisecond):
		}
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
