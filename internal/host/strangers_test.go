package host

import (
	"fmt"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// C1: strangers with many streams lose them to one with few.
func TestC1StreamsOfStrangers(t *testing.T) {
	limits, err := newLimits(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer limits.Close()
	var crowd []*fake
	for i := range 50 {
		f, id := come(t, limits, i)
		crowd = append(crowd, f)
		opened := 0
		for range 2 * streamsPerStranger {
			if s, err := limits.OpenStream(id, network.DirInbound); err == nil {
				f.streams = append(f.streams, s)
				opened++
			}
		}
		if opened > streamsPerStranger {
			t.Fatalf("a stranger has %d streams", opened)
		}
	}
	if limits.streams > strangersStreams {
		t.Errorf("strangers have %d streams", limits.streams)
	}
	honest, id := come(t, limits, 200)
	for range 3 {
		if _, err := limits.OpenStream(id, network.DirInbound); err != nil {
			t.Errorf("a stranger with few streams: %v", err)
		}
	}
	if honest.closed || !crowd[0].closed {
		t.Errorf("had to go: the one with few streams: %v, the first with many: %v", honest.closed, crowd[0].closed)
	}
}

// The control stream of a session lives as long as it. It must not count as a stranger's.
func TestStreamsOfTheKeptDoNotCount(t *testing.T) {
	limits, err := newLimits(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer limits.Close()
	for i := range 200 {
		f, id := come(t, limits, i)
		var open []network.StreamManagementScope
		for range 3 {
			s, err := limits.OpenStream(id, network.DirInbound)
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, s)
		}
		limits.keep(f.scope.(*arrival))
		for range 2 * streamsPerStranger {
			if _, err := limits.OpenStream(id, network.DirInbound); err != nil {
				t.Fatalf("of one that is kept: %v", err)
			}
		}
		open[0].Done()
		open[0].Done()
	}
	if limits.streams != 0 || len(limits.strangers) != 0 || len(limits.known) != 200 {
		t.Errorf("%d streams of %d strangers; %d known", limits.streams, len(limits.strangers), len(limits.known))
	}
}

// Whatever the order in which they end, nothing is left of peers and their streams.
func TestNothingIsLeftOfStrangers(t *testing.T) {
	limits, err := newLimits(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer limits.Close()
	for i := range 100 {
		f, id := come(t, limits, i)
		s, err := limits.OpenStream(id, network.DirInbound)
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			limits.keep(f.scope.(*arrival))
		}
		if i%3 == 0 {
			s.Done()
			f.scope.Done()
		} else {
			f.scope.Done()
			s.Done()
		}
	}
	if limits.open+limits.streams+limits.dialledStreams+len(limits.newcomers)+len(limits.known)+len(limits.strangers) != 0 {
		t.Errorf("%d open, %d streams, %d newcomers, %d known, %d strangers", limits.open, limits.streams,
			len(limits.newcomers), len(limits.known), len(limits.strangers))
	}
}

// come is a peer's connection, its key proven.
func come(t *testing.T, limits *door, number int) (*fake, peer.ID) {
	t.Helper()
	f := &fake{addr: addrs(fmt.Sprintf("/ip4/203.0.113.%d/tcp/4001", number))[0]}
	enter(t, limits, f)
	id := peer.ID(fmt.Sprint("peer ", number))
	if err := f.scope.SetPeer(id); err != nil {
		t.Fatal(err)
	}
	return f, id
}

// C1: whoever was dialled has proven nothing by it. Its connection stays, and its streams are a stranger's.
func TestC1StreamsOfTheDialled(t *testing.T) {
	limits, err := newLimits(1, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer limits.Close()
	scope, err := limits.OpenConnection(network.DirOutbound, true, addrs("/ip4/203.0.113.7/tcp/4001")[0])
	if err != nil {
		t.Fatal(err)
	}
	const dialled = peer.ID("dialled")
	if err := scope.SetPeer(dialled); err != nil {
		t.Fatal(err)
	}
	open := func() (n int) {
		for range 2 * streamsPerStranger {
			if _, err := limits.OpenStream(dialled, network.DirInbound); err == nil {
				n++
			}
		}
		return n
	}
	if n := open(); n != streamsPerStranger {
		t.Errorf("%d streams of a stranger", n)
	}
	f := &fake{addr: addrs("/ip4/203.0.113.8/tcp/4001")[0]}
	limits.accept(f)
	if _, err := limits.OpenConnection(network.DirInbound, true, f.addr); err == nil {
		t.Error("a dialled connection made room")
	}
	limits.keep(scope.(*arrival))
	if n := open(); n != 2*streamsPerStranger || limits.streams+limits.dialledStreams != 0 {
		t.Errorf("%d streams of one that is kept, and %d of strangers", n, limits.streams+limits.dialledStreams)
	}
	scope.Done()
	if len(limits.known) != 0 || limits.open != 0 {
		t.Errorf("%d known, %d open", len(limits.known), limits.open)
	}
}

// C1: those that were dialled cannot be ended for others, so what they open leaves room for whoever comes.
func TestC1StreamsOfTheDialledLeaveRoom(t *testing.T) {
	limits, err := newLimits(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer limits.Close()
	var open []interface{ Done() }
	streams := 0
	for i := range 20 {
		scope, err := limits.OpenConnection(network.DirOutbound, false, addrs(fmt.Sprintf("/ip4/203.0.113.%d/udp/4001/quic-v1", i))[0])
		if err != nil {
			t.Fatal(err)
		}
		id := peer.ID(fmt.Sprint("dialled ", i))
		if err := scope.SetPeer(id); err != nil {
			t.Fatal(err)
		}
		open = append(open, scope)
		for range streamsPerStranger {
			if s, err := limits.OpenStream(id, network.DirInbound); err == nil {
				open = append(open, s)
				streams++
			}
		}
	}
	if streams != dialledStreams {
		t.Errorf("those that were dialled have %d streams", streams)
	}
	for i := range strangersStreams / 2 {
		f, id := come(t, limits, 100+i)
		for range 2 {
			s, err := limits.OpenStream(id, network.DirInbound)
			if err != nil {
				t.Fatalf("of one that came: %v", err)
			}
			open = append(open, s)
		}
		if f.closed {
			t.Error("one that came had to go")
		}
		open = append(open, f.scope)
	}
	for _, o := range open {
		o.Done()
	}
	if limits.streams+limits.dialledStreams+len(limits.strangers) != 0 {
		t.Errorf("%d and %d streams of %d strangers are left", limits.streams, limits.dialledStreams, len(limits.strangers))
	}
}
