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
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/certexch/certexch/internal/discovery"
	"github.com/certexch/certexch/internal/durable"
	"github.com/certexch/certexch/internal/home"
)

// publish writes addresses into the home, one a line, for `id` to show.
func publish(home Home, addrs []string) error {
	return durable.WriteFile(home.Running(), []byte(strings.Join(addrs, "\n")+"\n"), 0o600)
}

// addressesOf returns the addresses that h is bound to, complete with /p2p/.
func addressesOf(h libp2p.Host) ([]string, error) {
	bound, err := manet.ResolveUnspecifiedAddresses(h.Network().ListenAddresses(), nil)
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
	return lines, nil
}

// republishEvery is how often addresses are looked at. libp2p keeps what it has seen for a minute.
const republishEvery = 5 * time.Second

// republish publishes the addresses of h again when they are others than before.
func (t *Terminal) republish(h libp2p.Host, published []string) {
	tick := time.NewTicker(republishEvery)
	defer tick.Stop()
	var told complaint
	for {
		select {
		case <-t.ctx.Done():
			return
		case <-tick.C:
		}
		addrs, err := addressesOf(h)
		if err == nil && !slices.Equal(addrs, published) {
			t.log.Info("addresses have changed", "addresses", addrs)
			if err = publish(t.home, addrs); err == nil {
				published = addrs
			}
		}
		if told.news(err) {
			t.log.Error("the addresses could not be published", "error", err.Error())
		}
	}
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

func unpublish(home Home) { _ = os.Remove(home.Running()) }

// maxRunning bounds the file of addresses, which are those of one machine.
const maxRunning = 1 << 20

// Addresses returns the addresses, with /p2p/, of the process that serves a home, and nothing when none
// does. A process that died without taking its addresses back does not count: it no longer holds the
// lock.
func Addresses(at Home) ([]multiaddr.Multiaddr, error) {
	text, err := home.ReadFile(at.Running(), maxRunning)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if unlock, err := durable.Lock(ctx, at.Running()+".lock"); err == nil {
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

// advertise lets other terminals find this one on its networks, until it is closed. A private terminal
// does not show that it is there.
func (t *Terminal) advertise(h libp2p.Host) {
	listen := func() []multiaddr.Multiaddr {
		if cfg := t.cfg.Load(); !cfg.Discovery.MDNS || cfg.Private {
			return nil
		}
		return h.Network().ListenAddresses()
	}
	a := discovery.Advertisement{TrustDomain: t.identity.TrustDomain(), Peer: h.ID(), Listen: listen, Rand: t.env.Rand, Log: t.log}
	t.goroutines.start(func() { discovery.Advertise(t.ctx, a) })
}

// deaf tells the log, once, that the local network cannot be asked.
func (t *Terminal) deaf(err error) {
	if t.multicastComplaint.news(err) {
		t.log.Warn("this network cannot be asked for terminals", "error", err.Error())
	}
}

// contacts are those of earlier sessions; none when the book cannot be read.
func (t *Terminal) contacts() []discovery.Contact {
	contacts, err := discovery.NewAddressBook(t.home.AddressBook()).Contacts()
	if t.bookComplaint.news(err) {
		t.log.Warn("the address book is not as it should be, and is not used", "error", err.Error())
	}
	return contacts
}

// bookWait is how long to wait for others who write to the address book.
const bookWait = time.Second

// remember notes where a terminal was met that this side has dialled. Nobody waits for the disk but Close.
func (t *Terminal) remember(l *link) {
	if l.conn.Stat().Direction != network.DirOutbound {
		return
	}
	id, p, at, now := l.session.Peer().Identity(), l.conn.RemotePeer(), l.conn.RemoteMultiaddr(), t.env.Now()
	t.goroutines.start(func() {
		ctx, cancel := context.WithTimeout(context.Background(), bookWait)
		defer cancel()
		if err := discovery.NewAddressBook(t.home.AddressBook()).Record(ctx, id, p, at, now); err != nil {
			t.log.Debug("the address book was not written", "error", err.Error())
		}
	})
}
