package labtest

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"
	"time"
)

func TestDelay(t *testing.T) {
	lab := New(t)
	a, b := lab.Host("a"), lab.Host("b")
	near, far := datagrams(t, a, b)
	if took := roundTrip(t, near, far); took > 50*time.Millisecond {
		t.Errorf("round trip of a plain link: %v", took)
	}
	lab.Link(b).Set(Conditions{Delay: 50 * time.Millisecond})
	if took := roundTrip(t, near, far); took < 100*time.Millisecond || took > 300*time.Millisecond {
		t.Errorf("round trip with a delay of 50 ms: %v", took)
	}
	lab.Link(b).Set(Conditions{})
	if took := roundTrip(t, near, far); took > 50*time.Millisecond {
		t.Errorf("round trip after the delay: %v", took)
	}
}

// roundTrip is the shortest of some.
func roundTrip(t *testing.T, near, far *net.UDPConn) time.Duration {
	t.Helper()
	shortest := time.Hour
	for range 5 {
		began := time.Now()
		send(t, near, far, []byte("there"))
		send(t, far, near, []byte("back"))
		shortest = min(shortest, time.Since(began))
	}
	return shortest
}

func TestLoss(t *testing.T) {
	lab := New(t)
	a, b := lab.Host("a"), lab.Host("b")
	near, far := datagrams(t, a, b)
	roundTrip(t, near, far) // the question for the address could be lost, and with it all that waits for the answer
	for _, c := range []struct {
		loss     float64
		min, max int
	}{{0.3, 500, 900}, {0.9, 20, 300}} {
		lab.Link(a).Set(Conditions{Loss: c.loss})
		if n := len(shower(t, near, far)); n < c.min || n > c.max {
			t.Errorf("%v lost: %d of 1000 came there", c.loss, n)
		}
		if n := len(shower(t, far, near)); n < c.min || n > c.max {
			t.Errorf("%v lost: %d of 1000 came back", c.loss, n)
		}
	}
}

// Where frames cannot be told apart, conditions that are for each of them would be for dozens at once.
func TestConditionsThatCannotBe(t *testing.T) {
	lab := New(t)
	link := lab.Link(lab.Host("a"))
	link.Set(Conditions{Delay: time.Millisecond})
	link.impaired.near.Close()
	if err := link.impaired.set(Conditions{Loss: 0.1}); err == nil {
		t.Error("a device that is gone has been told to hand frames over one by one")
	}
	if err := link.impaired.set(Conditions{Delay: time.Second}); err != nil {
		t.Errorf("a delay needs no more than the device does by itself: %v", err)
	}
}

func TestJitter(t *testing.T) {
	lab := New(t)
	a, b := lab.Host("a"), lab.Host("b")
	near, far := datagrams(t, a, b)
	lab.Link(a).Set(Conditions{Delay: time.Millisecond})
	roundTrip(t, near, far) // what waits for the answer to the question for the address is overtaken
	if n := overtaken(shower(t, near, far)); n > 0 {
		t.Errorf("without jitter %d overtook", n)
	}
	lab.Link(a).Set(Conditions{Jitter: 20 * time.Millisecond})
	got := shower(t, near, far)
	if n := overtaken(got); n < 100 || len(got) < 900 {
		t.Errorf("with jitter %d of %d overtook", n, len(got))
	}
}

func overtaken(numbers []uint32) (n int) {
	for i := 1; i < len(numbers); i++ {
		if numbers[i] < numbers[i-1] {
			n++
		}
	}
	return n
}

// shower sends 1000 numbered datagrams, in small groups, and returns the numbers that arrive.
func shower(t *testing.T, near, far *net.UDPConn) (got []uint32) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range uint32(1000) {
			if _, err := near.Write(binary.BigEndian.AppendUint32(nil, i)); err != nil {
				t.Error(err)
			}
			if i%100 == 99 {
				time.Sleep(time.Millisecond) // buffers hold some hundreds of datagrams
			}
		}
	}()
	buf := make([]byte, 16)
	for {
		_ = far.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		if _, err := far.Read(buf); err != nil {
			<-done
			return got
		}
		got = append(got, binary.BigEndian.Uint32(buf))
	}
}

func TestRate(t *testing.T) {
	lab := New(t)
	a, b := lab.Host("a"), lab.Host("b")
	near, far := connect(t, a, b, b.Addr().String())
	if took := move(t, near, far, 2<<20); took > 500*time.Millisecond {
		t.Errorf("2 MiB over a plain link: %v", took)
	}
	lab.Link(b).Set(Conditions{Rate: 2 << 20})
	if took := move(t, near, far, 2<<20); took < 700*time.Millisecond || took > 5*time.Second {
		t.Errorf("2 MiB at 2 MiB/s: %v", took)
	}
	lab.Link(b).Set(Conditions{})
	if took := move(t, near, far, 2<<20); took > 500*time.Millisecond {
		t.Errorf("2 MiB over a plain link again: %v", took)
	}
}

// move sends n bytes and says how long they took.
func move(t *testing.T, near, far net.Conn, n int) time.Duration {
	t.Helper()
	return carry(t, near, far, bytes.Repeat([]byte("x"), n))
}

// carry sends a text and says how long it took.
func carry(t *testing.T, near, far net.Conn, text []byte) time.Duration {
	t.Helper()
	began := time.Now()
	failed := make(chan error, 1)
	go func() {
		_, err := near.Write(text)
		failed <- err
	}()
	receive(t, far, text)
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}

// What a link does is done to TCP as to anything else, and TCP makes up for it.
func TestTCPOverABadLink(t *testing.T) {
	lab := New(t)
	a, b := lab.Host("a"), lab.Host("b")
	near, far := connect(t, a, b, b.Addr().String())
	lab.Link(a).Set(Conditions{Delay: 5 * time.Millisecond, Jitter: 5 * time.Millisecond, Loss: 0.02})
	move(t, near, far, 1<<20)
}
