package host

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// tcpPair returns both ends of a connection over loopback.
func tcpPair(t *testing.T) (near, far *net.TCPConn) {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if far, err = net.DialTCP("tcp4", nil, l.Addr().(*net.TCPAddr)); err != nil {
		t.Fatal(err)
	}
	if near, err = l.AcceptTCP(); err != nil {
		t.Fatal(err)
	}
	return near, far
}

// forget makes all packets between both ends vanish, as a NAT does that has forgotten them, until recall is called.
func forget(t *testing.T, ends ...*net.TCPConn) (recall func()) {
	t.Helper()
	nothing := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K}
	each := func(set func(fd int) error) {
		t.Helper()
		for _, c := range ends {
			var failed error
			socket, err := c.SyscallConn()
			if err == nil {
				err = socket.Control(func(fd uintptr) { failed = set(int(fd)) })
			}
			if err != nil || failed != nil {
				t.Fatal(err, failed)
			}
		}
	}
	each(func(fd int) error {
		return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing})
	})
	return func() {
		each(func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0) })
	}
}

// What this side goes on writing is no sign of the peer's life, however gladly the system takes it.
func TestSilentWhileWeWrite(t *testing.T) {
	near, far := tcpPair(t)
	accepted, dialled, _, _ := muxedOver(t, near, far)
	sender, receiver := openPair(t, accepted, dialled)
	go func() { _, _ = io.Copy(io.Discard, receiver) }()
	conn := silentConn{muxed: accepted}
	recall := forget(t, near, far)
	over := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for {
			select {
			case <-over:
				return
			case <-time.After(10 * time.Millisecond):
				_, _ = sender.Write([]byte("is anybody there?"))
			}
		}
	})
	// The system counts in ticks, and yamux has asked at the start: let what was heard be over.
	for at, _ := heard(near); time.Since(at) < 50*time.Millisecond; at, _ = heard(near) {
		time.Sleep(time.Millisecond)
	}
	if !Silent(t.Context(), conn, 500*time.Millisecond) {
		t.Error("a peer that is gone is not silent")
	}
	close(over)
	writing.Wait()
	recall()
	if Silent(t.Context(), conn, 20*time.Second) {
		t.Error("a peer that is back is silent")
	}
}

// A slow line takes what the system holds for it only bit by bit, and the ping comes last. That is no silence.
func TestNotSilentWhileTheSystemSends(t *testing.T) {
	near, far := tcpPair(t)
	if err := far.SetReadBuffer(32 << 10); err != nil {
		t.Fatal(err)
	}
	accepted, dialled, q, v := muxedOver(t, near, far)
	sender, receiver := openPair(t, accepted, dialled)
	go func() { _, _ = io.Copy(io.Discard, receiver) }()
	v.mu.Lock()
	v.pause = 40 * time.Millisecond // 100 kB/s
	v.mu.Unlock()
	if _, err := sender.Write(make([]byte, 5*frame)); err != nil {
		t.Fatal(err)
	}
	for !q.empty() { // until the system has it all
		time.Sleep(time.Millisecond)
	}
	if Silent(t.Context(), silentConn{muxed: accepted}, time.Second) {
		t.Error("a peer that takes what was sent is silent")
	}
}
