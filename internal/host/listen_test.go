package host

import (
	"errors"
	"net"
	"strings"
	"testing"
)

func TestListenFailureNamesTheAddress(t *testing.T) {
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	other := newHost(t, Config{Listen: addrs(anyTCP)})

	for name, c := range map[string]struct {
		addr, advice string
	}{
		"TCP port taken":          {multiaddrOf(tcp.Addr(), ""), "choose another port"},
		"UDP port taken":          {multiaddrOf(udp.LocalAddr(), "/quic-v1"), "choose another port"},
		"port of another host":    {other.Network().ListenAddresses()[0].String(), "choose another port"},
		"not an address of ours":  {"/ip4/192.0.2.1/tcp/0", "0.0.0.0"},
		"a relay":                 {"/p2p-circuit", "directly"},
		"a transport we have not": {"/ip4/127.0.0.1/tcp/0/ws", "/tcp/PORT"},
	} {
		t.Run(name, func(t *testing.T) {
			free := freeTCP(t)
			h, err := New(Config{Key: newKey(t), Listen: addrs(free, c.addr)})
			if err == nil {
				h.Close()
				t.Fatalf("listens on %s", h.Network().ListenAddresses())
			}
			var failed *ListenError
			if !errors.As(err, &failed) || failed.Addr.String() != c.addr {
				t.Errorf("the error is %#v", err)
			}
			for _, part := range []string{c.addr, c.advice} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in %q", part, err)
				}
			}
			newHost(t, Config{Listen: addrs(free)}) // it has been let go of again
		})
	}
}

func multiaddrOf(a net.Addr, suffix string) string {
	_, port, _ := net.SplitHostPort(a.String())
	return "/ip4/127.0.0.1/" + a.Network() + "/" + port + suffix
}

func freeTCP(t *testing.T) string {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return multiaddrOf(l.Addr(), "")
}
