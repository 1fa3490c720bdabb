package labtest

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// in runs f in the host.
func in(t *testing.T, h *Host, f func() error) {
	t.Helper()
	if err := h.Do(f); err != nil {
		t.Fatal(err)
	}
}

const port = "4000"

// listen makes the host accept connections, until the test ends, and returns them.
func listen(t *testing.T, h *Host, addr string) <-chan net.Conn {
	t.Helper()
	var l net.Listener
	in(t, h, func() (err error) {
		l, err = net.Listen("tcp", net.JoinHostPort(addr, port))
		return err
	})
	t.Cleanup(func() { l.Close() })
	accepted := make(chan net.Conn, 16)
	go func() {
		defer close(accepted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	return accepted
}

func dial(h *Host, addr string) (c net.Conn, err error) {
	err = h.Do(func() error {
		c, err = net.DialTimeout("tcp", net.JoinHostPort(addr, port), time.Second)
		return err
	})
	return c, err
}

// connect returns the two ends of a TCP connection.
func connect(t *testing.T, from, to *Host, addr string) (near, far net.Conn) {
	t.Helper()
	accepted := listen(t, to, addr)
	near, err := dial(from, addr)
	if err != nil {
		t.Fatal(err)
	}
	far = <-accepted
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

func send(t *testing.T, from, to net.Conn, text []byte) {
	t.Helper()
	if _, err := from.Write(text); err != nil {
		t.Fatal(err)
	}
	receive(t, to, text)
}

func receive(t *testing.T, from net.Conn, want []byte) {
	t.Helper()
	_ = from.SetReadDeadline(time.Now().Add(20 * time.Second))
	got := make([]byte, len(want))
	if _, err := io.ReadFull(from, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("received %.40q, %v", got, err)
	}
}

// datagrams returns a socket of each host, connected to the other.
func datagrams(t *testing.T, a, b *Host) (near, far *net.UDPConn) {
	t.Helper()
	address := func(h *Host) *net.UDPAddr { return &net.UDPAddr{IP: h.Addr().AsSlice(), Port: 4000} }
	in(t, a, func() (err error) {
		near, err = net.DialUDP("udp4", address(a), address(b))
		return err
	})
	in(t, b, func() (err error) {
		far, err = net.DialUDP("udp4", address(b), address(a))
		return err
	})
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}
