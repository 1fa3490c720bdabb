package discovery

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/certauth"
)

// askAgain is when Browse asks for the second time; the pauses after that double, up to maxAskAgain.
const (
	askAgain    = time.Second
	maxAskAgain = 8 * time.Second
)

// maxAnswersPerSecond is how many packets Browse takes apart in a second. The rest of a flood is dropped.
const maxAnswersPerSecond = 2000

// Browse asks this machine's networks for terminals of td until ctx ends, which is no error, and calls found
// for each answer, one at a time, in the order of arrival: the same terminal may be told again and again,
// and each one may be a lie. found must not block. The error is ErrNoMulticast where there is nobody to ask.
func Browse(ctx context.Context, td certauth.TrustDomain, found func(peer.AddrInfo)) error {
	service := Service(td)
	packet, err := question(service)
	if err != nil {
		return err
	}
	b := &browser{service: service, found: found}
	b.group.receive = b.receive
	defer b.group.close()
	again := time.NewTimer(0)
	defer again.Stop()
	for pause := askAgain; ; pause = min(2*pause, maxAskAgain) {
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
		if err := b.ask(packet); err != nil {
			return err
		}
		again.Reset(pause)
	}
}

// browser is one Browse.
type browser struct {
	service string
	group   group

	mu     sync.Mutex // guards what follows, and makes calls of found one at a time
	found  func(peer.AddrInfo)
	budget budget
}

// ask sends the question through all interfaces there are now, and fails only if none of them takes it.
func (b *browser) ask(packet []byte) error {
	if err := b.group.refresh(); err != nil {
		return err
	}
	var failed error
	asked := false
	for _, i := range b.group.joined() {
		err := b.group.send(i, packet)
		asked = asked || err == nil
		failed = errors.Join(failed, err)
	}
	if asked {
		return nil
	}
	return failed
}

func (b *browser) receive(packet []byte, from netip.AddrPort) {
	if from.Port() != port || !mentions(packet, b.service) { // RFC 6762, section 6
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.budget.spend(time.Now()) {
		return
	}
	info, ok := answers(packet, b.service)
	if !ok {
		return
	}
	ifaces := b.group.joined()
	info.Addrs = slices.DeleteFunc(info.Addrs, func(a multiaddr.Multiaddr) bool {
		ip := ipOf(a)
		return !usable(ip) || !slices.ContainsFunc(ifaces, func(i iface) bool { return i.onLink(ip) })
	})
	if len(info.Addrs) > 0 {
		b.found(info)
	}
}

// mentions tells, for far less than parsing costs, that packet cannot be about service. The first label
// stands whole in every packet that is.
func mentions(packet []byte, service string) bool {
	label, _, _ := strings.Cut(service, ".")
	return bytes.Contains(packet, []byte(label))
}

// budget counts packets in windows of a second.
type budget struct {
	since time.Time
	spent int
}

func (b *budget) spend(now time.Time) bool {
	if now.Sub(b.since) >= time.Second {
		b.since, b.spent = now, 0
	}
	b.spent++
	return b.spent <= maxAnswersPerSecond
}
