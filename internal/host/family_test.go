package host

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/multiformats/go-multiaddr"
)

// TestFamilyThatTheMachineLacks: the default configuration listens on all of IPv6, and a kernel without
// it is no reason not to serve. An address that somebody has chosen is.
func TestFamilyThatTheMachineLacks(t *testing.T) {
	lacks := &os.SyscallError{Syscall: "socket", Err: syscall.EAFNOSUPPORT}
	for _, c := range []struct {
		addr string
		err  error
		want bool
	}{
		{"/ip6/::/tcp/24242", lacks, true},
		{"/ip6/::/udp/24242/quic-v1", lacks, true},
		{"/ip6/2001:db8::1/tcp/24242", lacks, false},
		{"/ip6/::/tcp/24242", syscall.EADDRINUSE, false},
		{"/ip6/::/tcp/24242", errors.New("something else"), false},
	} {
		if got := pointless(multiaddr.StringCast(c.addr), c.err); got != c.want {
			t.Errorf("%s, %v: %t", c.addr, c.err, got)
		}
	}
}
