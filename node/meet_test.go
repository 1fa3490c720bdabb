package node_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/internal/discovery"
	"github.com/certexch/certexch/internal/nettest"
	"github.com/certexch/certexch/node"
)

// onNetwork has the terminal listen on all interfaces, and find and be found there.
func (f *fixture) onNetwork() *fixture {
	f.config.Listen = []string{"/ip4/0.0.0.0/tcp/0", "/ip4/0.0.0.0/udp/0/quic-v1"}
	f.config.Discovery.MDNS = true
	return f
}

// pair returns two terminals that have registered each other. The first serves a file to the second.
func pair(t *testing.T) (authority *certtest.Authority, nas, desk *fixture) {
	t.Helper()
	authority = certtest.NewAuthority(t, "acme.example")
	nas, desk = newFixture(t, authority, "nas"), newFixture(t, authority, "desk")
	nas.register(desk)
	desk.register(nas)
	nas.share("docs", "a.txt", secret)
	return authority, nas.onNetwork(), desk.onNetwork()
}

// note has f know of addresses of another, as `allow add --addr` does.
func (f *fixture) note(other *fixture, addrs ...multiaddr.Multiaddr) {
	f.t.Helper()
	store := allowlist.NewStore(f.home.Allowlist())
	_, err := store.Remove(f.t.Context(), other.identity)
	check(f.t, err)
	check(f.t, store.Add(f.t.Context(), allowlist.Entry{Identity: other.identity, Addrs: addrs}))
}

// silentAddress is an address of other from which nothing comes back.
func (f *fixture) silentAddress() multiaddr.Multiaddr {
	return multiaddr.StringCast("/ip4/10.77.0.200/tcp/24242/p2p/" + f.terminal().PeerID().String())
}

// quickly fails when what is found at once takes as long as something that is not.
func quickly(t *testing.T, what func()) {
	t.Helper()
	start := time.Now()
	what()
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("took %s", took)
	}
}

// command is fetch by a terminal that ends after it, as a command does.
func command(t *testing.T, from, to *fixture, addrs ...multiaddr.Multiaddr) error {
	t.Helper()
	terminal := from.terminal()
	peer, err := terminal.Dial(t.Context(), to.identity, addrs...)
	if err == nil {
		err = peer.Close()
	}
	return errors.Join(err, terminal.Close())
}

func TestFoundByName(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	_, nas, desk := pair(t)
	nas.serve()
	quickly(t, func() { wantReason(t, fetch(t, desk, nas), "") })
}

// TestAddressFollowed: where a terminal was met is known afterwards; when it is no longer there, it is found
// on the network without waiting for the address that is dead.
func TestAddressFollowed(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	_, nas, desk := pair(t)
	nas.serve()
	wantReason(t, command(t, desk, nas), "")
	desk.config.Discovery.MDNS = false
	wantReason(t, command(t, desk, nas), "")

	nettest.IP(t, "addr del "+nettest.IPv4+" dev "+nettest.Interface)
	nettest.IP(t, "addr add 10.77.0.9/24 dev "+nettest.Interface)
	desk.config.Discovery.MDNS = true
	quickly(t, func() { wantReason(t, fetch(t, desk, nas), "") })
}

// TestPublishedAddressesFollow: so do the addresses that `id` prints.
func TestPublishedAddressesFollow(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	_, nas, _ := pair(t)
	nas.serve()
	nettest.IP(t, "addr add 10.77.0.9/24 dev "+nettest.Interface)
	late := time.After(10 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		addrs, err := node.Addresses(nas.home)
		check(t, err)
		if strings.Contains(fmt.Sprint(addrs), "/ip4/10.77.0.9/") {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("still %s", addrs)
		}
	}
}

// TestDeadAddresses: neither a noted address nor a remembered one that swallows everything delays what the
// network tells.
func TestDeadAddresses(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	_, nas, desk := pair(t)
	nas.serve()
	desk.note(nas, nas.silentAddress())
	at, _ := multiaddr.SplitLast(nas.silentAddress())
	book := discovery.NewAddressBook(filepath.Join(desk.home.State, "addresses"))
	check(t, book.Record(t.Context(), nas.identity, newFixture(t, certtest.NewAuthority(t, "acme.example"), "old").terminal().PeerID(), at, certtest.Now))
	quickly(t, func() { wantReason(t, fetch(t, desk, nas), "") })
}

// TestNothingFound: the sentence says where was looked.
func TestNothingFound(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	authority, nas, desk := pair(t)
	desk.note(nas, deafAddress(t, nas), deafAddress(t, nas))
	text := func() string {
		f := node.Explain(command(t, desk, nas))
		if f.Code != node.CodeUnreachable || f.Try == "" {
			t.Errorf("%+v", f)
		}
		return f.Text
	}
	if got := text(); !strings.Contains(got, "tried 2 known addresses, no answer on this network (mDNS)") {
		t.Error(got)
	}
	desk.note(nas)
	other := newFixture(t, authority, "other").onNetwork()
	other.serve()
	if got := text(); !strings.Contains(got, "no address of acme.example/nas is known; one other terminal answered") {
		t.Error(got)
	}
	nettest.IP(t, "link set "+nettest.Interface+" down")
	if got := text(); !strings.Contains(got, "no multicast") {
		t.Error(got)
	}
}

// TestNoMulticast: it is said once, and everything else works.
func TestNoMulticast(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	_, nas, desk := pair(t)
	nettest.IP(t, "link set "+nettest.Interface+" down")
	var log lockedBuffer
	environment := desk.environment()
	environment.Log = slog.New(slog.NewTextHandler(&log, nil))
	addrs := nas.serve()
	terminal, err := node.New(desk.home, desk.config, environment)
	check(t, err)
	defer terminal.Close()
	for range 2 {
		if _, err := terminal.Dial(t.Context(), nas.identity); node.Explain(err).Code != node.CodeUnreachable {
			t.Errorf("got %v", err)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "no network interface does multicast") {
		t.Errorf("the log:\n%s", log.String())
	}
	wantReason(t, command(t, desk, nas, addrs...), "")
	wantReason(t, command(t, desk, nas), "") // where it was met
}

// TestCorruptAddressBook: it is said, and it is as if there were none.
func TestCorruptAddressBook(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas, desk := newFixture(t, authority, "nas"), newFixture(t, authority, "desk")
	nas.register(desk)
	desk.register(nas)
	nas.share("docs", "a.txt", secret)
	book := filepath.Join(desk.home.State, "addresses")
	check(t, os.WriteFile(book, []byte("nas is over there\n"), 0o600))
	desk.note(nas, nas.serve()...)
	var log lockedBuffer
	desk.log = slog.New(slog.NewTextHandler(&log, nil))
	wantReason(t, command(t, desk, nas), "")
	if n := strings.Count(log.String(), "the address book is not as it should be"); n != 1 {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
	desk.note(nas) // what the session has told is in the book now
	wantReason(t, command(t, desk, nas), "")
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
