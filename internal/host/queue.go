package host

import (
	"slices"
	"sync"
)

// queueLimit is how many bytes of streams may wait in the muxer for the socket to take them. yamux itself
// lets 64 frames wait, 4 MiB a connection: a hundred slow receivers would hold 400 MiB. A few frames keep
// the socket busy just as well.
const queueLimit = 128 << 10

// frameContent is how many bytes a frame of yamux holds at most.
const frameContent = 64<<10 - frameHeader

// queue counts what waits in the muxer of one connection: streams add what the muxer has taken from them,
// and the socket takes it off. Streams that wait go on in their order, as there is room for another frame: if
// all went on at once, the muxer would hold a frame of each, and what comes after them would wait for all.
type queue struct {
	mu      sync.Mutex
	bytes   int
	waiting []chan struct{} // each closed when its turn has come
	closed  bool
}

// add counts n more bytes in the muxer, or fewer.
func (q *queue) add(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes += n
	if n < 0 {
		q.admit()
	}
}

// admit lets as many go on as there is room for a frame of each. When nothing waits for the socket all go on:
// nothing would come that could let go on those behind one that has no more to write.
func (q *queue) admit() {
	n := len(q.waiting)
	switch {
	case q.closed || q.bytes <= 0:
	case q.bytes > queueLimit:
		n = 0
	default:
		n = min(n, 1+(queueLimit-q.bytes)/frameContent)
	}
	for _, turn := range q.waiting[:n] {
		close(turn)
	}
	q.waiting = slices.Delete(q.waiting, 0, n)
}

// empty reports whether nothing waits for the socket.
func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes <= 0
}

// close lets everybody go on, to find the connection closed.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.admit()
}

// wait waits until it is the caller's turn. It returns false if done was closed first.
func (q *queue) wait(done <-chan struct{}) bool {
	q.mu.Lock()
	if q.closed || q.bytes <= queueLimit && len(q.waiting) == 0 {
		q.mu.Unlock()
		return true
	}
	turn := make(chan struct{})
	q.waiting = append(q.waiting, turn)
	q.mu.Unlock()
	select {
	case <-turn:
		return true
	case <-done:
		q.leave(turn)
		return false
	}
}

// leave gives a turn up. If it has come already, it is the next one's.
func (q *queue) leave(turn chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiting, turn); i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	} else {
		q.admit()
	}
}
