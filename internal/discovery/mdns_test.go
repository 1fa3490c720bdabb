package discovery

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	"go.uber.org/goleak"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/nettest"
)

const nas = "12D3KooWGRUVBuFfYBUvNi2hx9JmCBDn1u3u6yZ4wnuCLCrg3Xma"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func domain(t testing.TB, name string) certauth.TrustDomain {
	t.Helper()
	td, err := certauth.ParseTrustDomain(name)
	if err != nil {
		t.Fatal(err)
	}
	return td
}

func peerID(t testing.TB, s string) peer.ID {
	t.Helper()
	id, err := peer.Decode(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func addrs(list ...string) (out []multiaddr.Multiaddr) {
	for _, s := range list {
		out = append(out, multiaddr.StringCast(s))
	}
	return out
}

var anywhere = addrs("/ip4/0.0.0.0/tcp/24242", "/ip4/0.0.0.0/udp/24242/quic-v1", "/ip6/::/tcp/24242", "/ip6/::/udp/24242/quic-v1")

// advertise advertises nas until the test ends.
func advertise(t *testing.T, log *slog.Logger, listen ...multiaddr.Multiaddr) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		Advertise(ctx, Advertisement{TrustDomain: domain(t, "acme.example"), Peer: peerID(t, nas), Listen: func() []multiaddr.Multiaddr { return listen }, Log: log})
	})
	t.Cleanup(func() { cancel(); running.Wait() })
}

// browse looks for terminals of td until the test ends or within has passed.
func browse(t *testing.T, td string, within time.Duration) <-chan peer.AddrInfo {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	found := make(chan peer.AddrInfo, 10000)
	var running sync.WaitGroup
	running.Go(func() {
		defer close(found)
		if err := Browse(ctx, domain(t, td), func(info peer.AddrInfo) { found <- info }); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	return found
}

// wait returns the first that is found and has an address that contains part.
func wait(t *testing.T, found <-chan peer.AddrInfo, part string) peer.AddrInfo {
	t.Helper()
	for info := range found {
		for _, a := range info.Addrs {
			if strings.Contains(a.String(), part) {
				return info
			}
		}
	}
	t.Fatalf("nothing at %s was found", part)
	return peer.AddrInfo{}
}

func TestFound(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	advertise(t, nil, anywhere...)
	start := time.Now()
	info := wait(t, browse(t, "acme.example", 5*time.Second), "10.77.0.1/tcp/24242")
	if info.ID.String() != nas || len(info.Addrs) != 4 {
		t.Errorf("found %v", info)
	}
	t.Log("after", time.Since(start))
}

// TestOtherTrustDomain: those of another trust domain do not even see each other's packets as such.
func TestOtherTrustDomain(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	advertise(t, nil, anywhere...)
	other := browse(t, "other.example", time.Second)
	wait(t, browse(t, "acme.example", 5*time.Second), "10.77.0.1")
	for info := range other {
		t.Errorf("found %v", info)
	}
}

// TestAddressChanges: a new address is told to who is looking, and to who looks later, within 10 s.
func TestAddressChanges(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	advertise(t, nil, anywhere...)
	before := browse(t, "acme.example", 10*time.Second)
	wait(t, before, "10.77.0.1/")
	nettest.IP(t, "addr add 10.78.0.7/24 dev "+nettest.Interface)
	nettest.IP(t, "addr del 10.77.0.1/24 dev "+nettest.Interface)
	wait(t, before, "10.78.0.7/")
	info := wait(t, browse(t, "acme.example", 10*time.Second), "10.78.0.7/")
	for _, a := range info.Addrs {
		if strings.Contains(a.String(), "10.77.0.1") {
			t.Errorf("still told: %s", a)
		}
	}
}

// TestNewInterface: a network that is joined while the terminal runs.
func TestNewInterface(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	nettest.IP(t, "link set "+nettest.Interface+" down")
	var log lockedBuffer
	advertise(t, slog.New(slog.NewTextHandler(&log, nil)), anywhere...)
	log.wait(t, "no multicast here")
	if err := Browse(t.Context(), domain(t, "acme.example"), nil); err == nil {
		t.Error("Browse without multicast did not fail")
	}
	nettest.IP(t, "link set "+nettest.Interface+" up")
	log.wait(t, "works again")
	wait(t, browse(t, "acme.example", 10*time.Second), "10.77.0.1/")
	if n := strings.Count(log.String(), "\n"); n != 2 {
		t.Errorf("%d records:\n%s", n, log.String())
	}
}

// lockedBuffer is a log that can be waited for.
type lockedBuffer struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	written chan struct{}
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.written != nil {
		close(b.written)
		b.written = nil
	}
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *lockedBuffer) wait(t *testing.T, text string) {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		b.mu.Lock()
		if strings.Contains(b.buf.String(), text) {
			b.mu.Unlock()
			return
		}
		if b.written == nil {
			b.written = make(chan struct{})
		}
		written := b.written
		b.mu.Unlock()
		select {
		case <-written:
		case <-late:
			t.Fatalf("no %q in the log:\n%s", text, b.String())
		}
	}
}
