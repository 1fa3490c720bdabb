package node

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	libp2p "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/internal/durable"
)

// publish writes the addresses that h is bound to, complete with /p2p/, one a line, for `id` to show.
func publish(home Home, h libp2p.Host) ([]string, error) {
	bound, err := h.Network().InterfaceListenAddresses()
	if err != nil {
		return nil, err
	}
	whole, err := peer.AddrInfoToP2pAddrs(&peer.AddrInfo{ID: h.ID(), Addrs: bound})
	if err != nil {
		return nil, err
	}
	lines := make([]string, len(whole))
	for i, a := range whole {
		lines[i] = a.String()
	}
	slices.SortStableFunc(lines, tcpFirst)
	return lines, durable.WriteFile(home.running(), []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// tcpFirst puts the addresses that carry data faster before the others.
func tcpFirst(a, b string) int {
	switch tcp := strings.Contains(a, "/tcp/"); {
	case tcp == strings.Contains(b, "/tcp/"):
		return strings.Compare(a, b)
	case tcp:
		return -1
	}
	return 1
}

func unpublish(home Home) { _ = os.Remove(home.running()) }

// Addresses returns the addresses, with /p2p/, of the process that serves home, and nothing when none
// does. A process that died without taking its addresses back does not count: it no longer holds the
// lock.
func Addresses(home Home) ([]multiaddr.Multiaddr, error) {
	text, err := os.ReadFile(home.running())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if unlock, err := durable.Lock(ctx, home.running()+".lock"); err == nil {
		unlock()
		return nil, nil
	}
	var addrs []multiaddr.Multiaddr
	for line := range strings.Lines(string(text)) {
		a, err := multiaddr.NewMultiaddr(strings.TrimSpace(line))
		if err != nil {
			return nil, err
		}
		addrs = append(addrs, a)
	}
	return addrs, nil
}
