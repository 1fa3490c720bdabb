package node

import (
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/discovery"
)

// somebody returns the peer ID of a new key.
func somebody(t *testing.T) peer.ID {
	t.Helper()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := crypto.UnmarshalEd25519PublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	id, err := peer.IDFromPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func heard(id peer.ID, port int) peer.AddrInfo {
	return peer.AddrInfo{ID: id, Addrs: []multiaddr.Multiaddr{multiaddr.StringCast(fmt.Sprint("/ip4/192.0.2.1/tcp/", port))}}
}

func identityOf(t *testing.T, name string) certauth.Identity {
	t.Helper()
	id, err := certauth.ParseIdentity("acme.example/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestC11StrangersAreCapped: of those that nothing is known of, sixteen are dialled in one search, and those
// that were somebody else when they were met come last.
func TestC11StrangersAreCapped(t *testing.T) {
	printer, self := somebody(t), somebody(t)
	contacts := []discovery.Contact{{Identity: identityOf(t, "printer"), Peer: printer, Seen: time.Now(), Addrs: heard(printer, 1).Addrs}}
	c := newCandidates(allowlist.Entry{Identity: identityOf(t, "nas")}, contacts, self)
	if known := c.known(); len(known) > 0 {
		t.Errorf("known: %v", known)
	}
	const few = 3
	tell := func(id peer.ID) {
		t.Helper()
		if now, ok := c.hear(heard(id, 1)); ok {
			t.Errorf("%v is dialled at once", now)
		}
	}
	tell(printer)
	tell(self)
	for range few {
		id := somebody(t)
		tell(id)
		tell(id)
	}
	for n := range few + 1 {
		next, ok := c.next()
		if !ok || (next.info.ID == printer) != (n == few) {
			t.Errorf("number %d: %v, %v", n, next, ok)
		}
	}
	for range 1000 {
		tell(somebody(t))
	}
	if waiting := len(c.strangers) + len(c.others); waiting > maxStrangers {
		t.Errorf("%d wait", waiting)
	}
	more := 0
	for _, ok := c.next(); ok; _, ok = c.next() {
		more++
		tell(somebody(t))
	}
	if more != maxStrangers-few-1 {
		t.Errorf("%d more", more)
	}
}

// TestC11AddressesOfTheExpectedAreCapped: whoever knows the key of the one that is looked for can have it
// dialled at eight addresses.
func TestC11AddressesOfTheExpectedAreCapped(t *testing.T) {
	nas := somebody(t)
	contacts := []discovery.Contact{{Identity: identityOf(t, "nas"), Peer: nas, Seen: time.Now(), Addrs: heard(nas, 1).Addrs}}
	c := newCandidates(allowlist.Entry{Identity: identityOf(t, "nas")}, contacts, somebody(t))
	if known := c.known(); len(known) != 1 || known[0].info.ID != nas || len(c.addrs) != 1 {
		t.Errorf("known: %v", known)
	}
	dialled := 0
	for port := range 100 {
		if now, ok := c.hear(heard(nas, port+1)); ok {
			dialled += len(now.info.Addrs)
		}
	}
	if dialled != maxHeard { // the first is known already
		t.Errorf("%d addresses", dialled)
	}
	if _, ok := c.next(); ok {
		t.Error("it waits among the strangers")
	}

	pin, _ := keyHashOf(nas)
	c = newCandidates(allowlist.Entry{Identity: identityOf(t, "nas"), Pin: &pin}, nil, somebody(t))
	dialled = 0
	for port := range 100 {
		for _, id := range []peer.ID{nas, disguised(t, nas, byte(port))} {
			if now, ok := c.hear(heard(id, port+1)); ok {
				dialled += len(now.info.Addrs)
			}
		}
	}
	if dialled != maxHeard {
		t.Errorf("%d addresses of a pinned key", dialled)
	}
}

// disguised returns another peer ID that holds the key of id: with a field that readers pass over.
func disguised(t *testing.T, id peer.ID, n byte) peer.ID {
	t.Helper()
	content := append([]byte(id)[2:], 3<<3, n) // after "not hashed", and the length
	disguised := peer.ID(append([]byte{0, byte(len(content))}, content...))
	if key, err := disguised.ExtractPublicKey(); err != nil || !id.MatchesPublicKey(key) || disguised == id {
		t.Fatalf("no disguise: %v", err)
	}
	return disguised
}
