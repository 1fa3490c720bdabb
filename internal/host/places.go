package host

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-yamux/v5"
)

const (
	// acceptedAtOnce is how many streams of its peer the side that dialled takes at once, of a peer that is kept.
	// Only requests come over them, but each may fill the large window. Two trees at once need 14.
	acceptedAtOnce = 16
	// acceptedBefore is that before the peer has proven itself: identify needs one or two.
	acceptedBefore = 4
)

// places are for the streams of one peer. yamux announces a stream's window when the stream is accepted; one that
// waits for a place has 256 KiB.
type places struct {
	taken  chan struct{} // holds one for each that is taken, or not open yet
	closed <-chan struct{}
	open   sync.Once
}

// newPlaces returns the first of the places of a connection.
func newPlaces(muxed network.MuxedConn) *places {
	var session *yamux.Session
	if !muxed.As(&session) {
		return nil
	}
	p := &places{taken: make(chan struct{}, acceptedAtOnce), closed: session.CloseChan()}
	for range acceptedAtOnce - acceptedBefore {
		p.taken <- struct{}{}
	}
	return p
}

// openAll opens the places that wait for the peer to be kept.
func (p *places) openAll() {
	if p == nil {
		return
	}
	p.open.Do(func() {
		for range acceptedAtOnce - acceptedBefore {
			<-p.taken
		}
	})
}

// take waits for a place, or for the end of the connection, and returns what gives it back.
func (p *places) take() (leave func()) {
	if p == nil {
		return func() {}
	}
	select {
	case p.taken <- struct{}{}:
		return sync.OnceFunc(func() { <-p.taken })
	case <-p.closed:
		return func() {}
	}
}
