package host

import "testing"

// waiters makes n wait for q, in their order, and tells their numbers as they go on.
func waiters(t *testing.T, q *queue, n int) (went <-chan int, gone []chan struct{}) {
	t.Helper()
	on := make(chan int, n)
	for i := range n {
		done := make(chan struct{})
		gone = append(gone, done)
		go func() {
			q.wait(done)
			on <- i
		}()
		for q.length() <= i {
		}
	}
	return on, gone
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// Streams that wait for a slow socket go on one after the other, as there is room, so that what a new one says
// waits for a few frames and not for one of each.
func TestWaitersTakeTurns(t *testing.T) {
	const n = 60
	var q queue
	q.add(n * frame)
	went, _ := waiters(t, &q, n)
	for i := range n {
		for q.add(-frame); q.bytes > queueLimit; q.add(-frame) {
			if q.length() < n-i {
				t.Fatalf("one went on with %d bytes before it", q.bytes)
			}
		}
		if left := q.length(); left != n-i-1 {
			t.Fatalf("%d went on at once", n-i-left)
		}
		if who := <-went; who != i {
			t.Fatalf("%d went before %d", who, i)
		}
		q.add(2 * frame) // the first fills it again, and each lets the socket take two
	}
}

// Nobody is left behind when those before have nothing more to write, or have given up.
func TestWaitersAreNotForgotten(t *testing.T) {
	var q queue
	q.add(queueLimit + frame)
	went, gone := waiters(t, &q, 3)
	close(gone[0])
	if who := <-went; who != 0 {
		t.Fatalf("%d went on", who)
	}
	q.add(-frame)
	if who := <-went; who != 1 {
		t.Fatalf("%d went on", who)
	}
	q.add(-queueLimit)
	if who := <-went; who != 2 {
		t.Fatalf("%d went on", who)
	}
}

// What was on its way when a connection closed is taken off all the same.
func TestQueueEmptiesAfterItsEnd(t *testing.T) {
	var q queue
	q.add(queueLimit + 1)
	went, _ := waiters(t, &q, 2)
	q.close()
	<-went
	<-went
	q.add(-queueLimit - 1)
	if !q.wait(nil) {
		t.Error("somebody waits for a socket that is closed")
	}
}
