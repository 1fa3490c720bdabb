package discovery

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/certauth"
)

const (
	// pollEvery is how often the interfaces and their addresses are looked at: no two systems tell of a
	// change in the same way.
	pollEvery = 2 * time.Second
	// answerEvery bounds how often one interface is answered on. An answer is for all who have asked.
	answerEvery = 100 * time.Millisecond
	// announcements of a change: the first may be lost.
	announcements = 2
)

// Advertisement is what a terminal lets others on its networks find.
type Advertisement struct {
	TrustDomain certauth.TrustDomain
	Peer        peer.ID
	// Listen returns the addresses that the terminal listens on, unspecified ones too. It is asked again
	// and again. While there are none, nothing is sent and nobody is listened to.
	Listen func() []multiaddr.Multiaddr
	// Rand names the instance. Nil: crypto/rand.
	Rand io.Reader
	// Log is told, once, when no network lets this terminal be found, and when one does again. Nil: silent.
	Log *slog.Logger
}

// Advertise answers those who ask for terminals of the trust domain, on every network with the addresses that
// this terminal has there, until ctx ends. It follows changes of interfaces and addresses within seconds, and
// announces them. Without multicast it goes on trying.
func Advertise(ctx context.Context, a Advertisement) {
	r := newResponder(a)
	defer r.due.Stop()
	defer r.group.close()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	r.poll()
	for {
		select {
		case <-ctx.Done():
			r.withdraw()
			return
		case <-poll.C:
			r.poll()
		case from := <-r.asked:
			for _, i := range r.group.at(from) {
				r.owe(i.Index)
			}
		case <-r.due.C:
		}
		r.pay()
	}
}

// responder is one Advertise.
type responder struct {
	Advertisement
	service, instance string
	group             group
	asked             chan netip.Addr
	due               *time.Timer // when the next answer that is owed may be sent
	silenced          bool        // the log has been told

	links map[int]*advertised // by the index of the interface
}

// advertised is what one interface is told.
type advertised struct {
	iface      iface
	addrs      []multiaddr.Multiaddr
	announce   int // how often yet
	owed       bool
	answered   time.Time
	unsendable bool
}

func newResponder(a Advertisement) *responder {
	r := &responder{Advertisement: a, service: Service(a.TrustDomain), instance: instanceName(a.Rand)}
	if r.Log == nil {
		r.Log = slog.New(slog.DiscardHandler)
	}
	r.asked = make(chan netip.Addr, 16)
	r.due = time.NewTimer(0)
	r.links = make(map[int]*advertised)
	r.group.receive = func(packet []byte, from netip.AddrPort) {
		if mentions(packet, r.service) && asks(packet, r.service) {
			select {
			case r.asked <- from.Addr():
			default: // so many have asked that an answer is on its way
			}
		}
	}
	return r
}

// instanceName returns a name that says nothing.
func instanceName(random io.Reader) string {
	if random == nil {
		random = rand.Reader
	}
	var b [20]byte
	_, _ = io.ReadFull(random, b[:]) // two terminals of one name do no harm: the records of both are heard
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// poll looks at the interfaces, and has what has changed announced.
func (r *responder) poll() {
	listen := r.Listen()
	if len(listen) == 0 {
		r.withdraw()
		clear(r.links)
		r.group.close()
		r.silenced = false
		return
	}
	err := r.group.refresh()
	if (err != nil) != r.silenced {
		r.silenced = err != nil
		if err != nil {
			r.Log.Warn("no multicast here: others on this network cannot find this terminal by its name, and need its address", "error", err.Error())
		} else {
			r.Log.Info("multicast works again: others on this network can find this terminal by its name")
		}
	}
	ifaces := r.group.joined()
	for index := range r.links {
		if !slices.ContainsFunc(ifaces, func(i iface) bool { return i.Index == index }) {
			delete(r.links, index)
		}
	}
	for _, i := range ifaces {
		addrs := i.reachable(listen)
		link := r.links[i.Index]
		if link == nil {
			link = &advertised{}
			r.links[i.Index] = link
		}
		if !slices.EqualFunc(link.addrs, addrs, multiaddr.Multiaddr.Equal) {
			link.announce = announcements
		}
		link.iface, link.addrs = i, addrs
		if link.announce > 0 {
			link.announce--
			r.owe(i.Index)
		}
	}
}

// owe has an interface be answered on as soon as it may.
func (r *responder) owe(index int) {
	if link := r.links[index]; link != nil {
		link.owed = true
	}
}

// pay sends the answers that are owed and may be sent, and sets the time for the others.
func (r *responder) pay() {
	for _, link := range r.links {
		if !link.owed || len(link.addrs) == 0 {
			continue
		}
		if wait := answerEvery - time.Since(link.answered); wait > 0 {
			r.due.Reset(wait)
			continue
		}
		link.owed, link.answered = false, time.Now()
		r.send(link, link.addrs)
	}
}

func (r *responder) send(link *advertised, addrs []multiaddr.Multiaddr) {
	packet, err := answer(r.service, r.instance, r.Peer, addrs)
	if err == nil {
		err = r.group.send(link.iface, packet)
	}
	if err != nil && !link.unsendable {
		r.Log.Debug("mDNS answer not sent", "interface", link.iface.Name, "error", err.Error())
	}
	link.unsendable = err != nil
}

// withdraw takes back what was advertised.
func (r *responder) withdraw() {
	for _, link := range r.links {
		r.send(link, nil)
	}
}
