package node

import (
	"crypto/ed25519"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/discovery"
	"github.com/certexch/certexch/internal/host"
)

const (
	// maxStrangers is how many terminals that are not known to be the one are dialled in one search.
	maxStrangers = 16
	// maxHeard is how many addresses the network can tell of one that may be expected to be it.
	maxHeard = 8
)

// source is where a candidate comes from, which decides what its failure means.
type source int

const (
	fromEntry    source = iota // somebody has written the address down
	fromBook                   // it was met there
	fromNetwork                // the network told of a key that is known
	fromStranger               // and of one that is not
)

// candidate is a peer that may be the terminal that is looked for.
type candidate struct {
	info    peer.AddrInfo
	source  source
	rekeyed bool // its address is known, and the key is what was found there
}

// candidates are those of one search.
type candidates struct {
	entry    allowlist.Entry
	self     peer.ID
	contacts []discovery.Contact
	addrs    []multiaddr.Multiaddr // that are known, without those of relays
	relayed  error                 // all that the entry has lead through a relay
	expected map[peer.ID][]multiaddr.Multiaddr

	seen      map[peer.ID]bool
	strangers []candidate // that nothing is known of
	others    []candidate // that were somebody else when they were met: a name can change
	tried     int         // of both
}

func newCandidates(entry allowlist.Entry, contacts []discovery.Contact, self peer.ID) *candidates {
	return &candidates{
		entry: entry, contacts: contacts, self: self,
		expected: make(map[peer.ID][]multiaddr.Multiaddr), seen: make(map[peer.ID]bool),
	}
}

// known returns the candidates that there are before the network is asked: one for each key.
func (c *candidates) known() (known []candidate) {
	direct, err := host.Direct(c.entry.Addrs)
	c.relayed = err
	infos, err := peer.AddrInfosFromP2pAddrs(direct...)
	if err != nil { // the allowlist takes none without a peer ID
		infos = nil
	}
	c.addrs = direct
	for _, info := range slices.SortedFunc(slices.Values(infos), byID) {
		known = append(known, candidate{info: info, source: fromEntry})
	}
	if met, ok := discovery.ContactOf(c.contacts, c.entry.Identity); ok {
		known = c.addContact(known, met)
	}
	for _, k := range known {
		c.expected[k.info.ID] = k.info.Addrs
	}
	return known
}

// addContact adds what earlier sessions tell to what the entry does.
func (c *candidates) addContact(known []candidate, met discovery.Contact) []candidate {
	i := slices.IndexFunc(known, func(k candidate) bool { return k.info.ID == met.Peer })
	if i < 0 {
		i, known = len(known), append(known, candidate{info: peer.AddrInfo{ID: met.Peer}, source: fromBook})
	}
	for _, a := range met.Addrs {
		if !multiaddr.Contains(known[i].info.Addrs, a) {
			known[i].info.Addrs = append(known[i].info.Addrs, a)
			whole := peer.AddrInfo{ID: met.Peer, Addrs: []multiaddr.Multiaddr{a}}
			if p2p, err := peer.AddrInfoToP2pAddrs(&whole); err == nil {
				c.addrs = append(c.addrs, p2p...)
			}
		}
	}
	return known
}

// hear takes what the network tells. A candidate is returned if it is to be tried at once; a stranger waits for
// next.
func (c *candidates) hear(info peer.AddrInfo) (candidate, bool) {
	if info.ID == c.self || c.entry.Pin != nil && !pinned(*c.entry.Pin, info.ID) {
		return candidate{}, false
	}
	addrs, expected := c.expected[info.ID]
	if expected || c.entry.Pin != nil {
		return c.hearExpected(info, addrs)
	}
	if c.seen[info.ID] {
		return candidate{}, false
	}
	stranger := candidate{info: info, source: fromStranger}
	met, wasOther := discovery.ContactWith(c.contacts, info.ID)
	switch {
	case wasOther && met.Identity != c.entry.Identity && len(c.others) < maxStrangers:
		c.others = append(c.others, stranger)
	case !wasOther && len(c.strangers) < maxStrangers:
		c.strangers = append(c.strangers, stranger)
	default:
		return candidate{}, false
	}
	c.seen[info.ID] = true
	return candidate{}, false
}

// hearExpected returns what is new of a terminal with a known key.
func (c *candidates) hearExpected(info peer.AddrInfo, addrs []multiaddr.Multiaddr) (candidate, bool) {
	var news []multiaddr.Multiaddr
	for _, a := range info.Addrs {
		if !multiaddr.Contains(addrs, a) && c.heardOf(info.ID, len(news)) {
			news = append(news, a)
		}
	}
	c.expected[info.ID] = append(slices.Clip(addrs), news...)
	return candidate{info: peer.AddrInfo{ID: info.ID, Addrs: news}, source: fromNetwork}, len(news) > 0
}

// heardOf reports whether the network may tell one more address of a key, beside the ones it is telling.
func (c *candidates) heardOf(id peer.ID, telling int) bool {
	return len(c.expected[id])+telling < maxHeard+len(c.addrs)
}

// next returns the stranger to dial next, if more of them may be dialled. Those that were somebody else come
// last.
func (c *candidates) next() (next candidate, ok bool) {
	queue := &c.strangers
	if len(*queue) == 0 {
		queue = &c.others
	}
	if c.tried == maxStrangers || len(*queue) == 0 {
		return next, false
	}
	next, *queue = (*queue)[0], (*queue)[1:]
	c.tried++
	return next, true
}

// pinned reports whether pin is of the key of id.
func pinned(pin [32]byte, id peer.ID) bool {
	hash, ok := keyHashOf(id)
	return ok && hash == pin
}

// keyHashOf returns the hash of the key that id is of. One key has one peer ID: others that hold it, in another
// encoding, are of none.
func keyHashOf(id peer.ID) (hash [32]byte, ok bool) {
	key, err := id.ExtractPublicKey()
	if err != nil {
		return hash, false
	}
	if own, err := peer.IDFromPublicKey(key); err != nil || own != id {
		return hash, false
	}
	raw, err := key.Raw()
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return hash, false
	}
	return certauth.KeyHash(raw), true
}
