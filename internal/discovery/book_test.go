package discovery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/certauth"
)

var (
	noon  = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	addr1 = multiaddr.StringCast("/ip4/192.0.2.1/tcp/24242")
	addr2 = multiaddr.StringCast("/ip6/2001:db8::2/udp/24242/quic-v1")
)

func identity(t testing.TB, name string) certauth.Identity {
	t.Helper()
	id, err := domain(t, "acme.example").ParseIdentity(name)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

type bookFixture struct {
	*AddressBook
	t *testing.T
}

func newBook(t *testing.T) bookFixture {
	t.Helper()
	return bookFixture{NewAddressBook(filepath.Join(t.TempDir(), "addresses")), t}
}

func (b bookFixture) met(name string, p peer.ID, addr multiaddr.Multiaddr, when time.Time) {
	b.t.Helper()
	if err := b.Record(b.t.Context(), identity(b.t, name), p, addr, when); err != nil {
		b.t.Fatal(err)
	}
}

func (b bookFixture) contacts() []Contact {
	b.t.Helper()
	contacts, err := b.Contacts()
	if err != nil {
		b.t.Fatal(err)
	}
	return contacts
}

func (b bookFixture) contact(name string) Contact {
	b.t.Helper()
	c, _ := ContactOf(b.contacts(), identity(b.t, name))
	return c
}

func TestBookRemembers(t *testing.T) {
	b := newBook(t)
	if got := b.contacts(); got != nil {
		t.Errorf("an empty book has %v", got)
	}
	b.met("nas", peerID(t, nas), addr1, noon)
	b.met("printer", peerID(t, printer), addr1, noon)
	b.met("nas", peerID(t, nas), addr2, noon.Add(time.Hour))
	got := b.contact("nas")
	want := Contact{identity(t, "nas"), peerID(t, nas), noon.Add(time.Hour), []multiaddr.Multiaddr{addr2, addr1}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if c, ok := ContactWith(b.contacts(), peerID(t, printer)); !ok || c.Identity != identity(t, "printer") {
		t.Errorf("%v has the printer's key", c)
	}
	info, err := os.Stat(b.path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// TestBookKeyChanged: the addresses of a key go with it, and a key has one name.
func TestBookKeyChanged(t *testing.T) {
	b := newBook(t)
	b.met("nas", peerID(t, nas), addr1, noon)
	b.met("nas", peerID(t, printer), addr2, noon)
	if got := b.contact("nas"); got.Peer != peerID(t, printer) || len(got.Addrs) != 1 {
		t.Errorf("%+v", got)
	}
	b.met("renamed", peerID(t, printer), addr2, noon)
	if got := b.contacts(); len(got) != 1 || got[0].Identity != identity(t, "renamed") {
		t.Errorf("%+v", got)
	}
}

func TestBookIsCapped(t *testing.T) {
	b := newBook(t)
	for n := range maxAddrs + 3 {
		b.met("nas", peerID(t, nas), multiaddr.StringCast(fmt.Sprint("/ip4/192.0.2.1/tcp/", n+1)), noon)
	}
	if got := b.contact("nas").Addrs; len(got) != maxAddrs || got[0].String() != "/ip4/192.0.2.1/tcp/11" {
		t.Errorf("%s", got)
	}
	var contacts []Contact
	for n := range maxContacts {
		contacts = append(contacts, Contact{identity(t, fmt.Sprint("t", n)), randomPeer(t, n), noon.Add(-time.Duration(n) * time.Minute), addrs("/ip4/192.0.2.1/tcp/1")})
	}
	if err := os.WriteFile(b.path, formatBook(contacts), 0o600); err != nil {
		t.Fatal(err)
	}
	b.met("nas", peerID(t, nas), addr1, noon.Add(time.Minute))
	got := b.contacts()
	if _, ok := ContactOf(got, identity(t, fmt.Sprint("t", maxContacts-1))); len(got) != maxContacts || ok || got[0].Identity != identity(t, "nas") {
		t.Errorf("%d contacts, the oldest among them: %v", len(got), ok)
	}
}

// TestBookIsWrittenForNews: commands follow each other closely, and each write waits for the disk.
func TestBookIsWrittenForNews(t *testing.T) {
	b := newBook(t)
	b.met("nas", peerID(t, nas), addr1, noon)
	before, err := os.Stat(b.path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		when time.Time
		addr multiaddr.Multiaddr
		news bool
	}{
		{"the same again", noon.Add(time.Minute), addr1, false},
		{"through something that is no address", noon, multiaddr.StringCast("/dns4/nas.example/tcp/1"), false},
		{"a day later", noon.Add(24 * time.Hour), addr1, true},
		{"before it was", noon, addr1, true}, // the clock was wrong
		{"elsewhere", noon, addr2, true},
	} {
		b.met("nas", peerID(t, nas), c.addr, c.when)
		after, err := os.Stat(b.path)
		if err != nil {
			t.Fatal(err)
		}
		if os.SameFile(before, after) == c.news {
			t.Errorf("%s: written: %v", c.name, !c.news)
		}
		before = after
	}
}

func TestBookCorrupt(t *testing.T) {
	good := string(formatBook([]Contact{{identity(t, "nas"), peerID(t, nas), noon, []multiaddr.Multiaddr{addr1}}}))
	line := strings.TrimPrefix(good, bookHead)
	for _, text := range []string{
		"nonsense\n", "\n", good + "\n", good + line, line[:len(line)-1], strings.Replace(good, " ", "  ", 20),
		strings.Replace(good, "acme.example/nas", "nas", 1), strings.Replace(good, nas, "12D3", 1),
		strings.Replace(good, "2026", "26", 1), strings.Replace(good, addr1.String(), "/dns4/x/tcp/1", 1),
		strings.TrimSuffix(line, "\n") + strings.Repeat(" "+addr1.String(), maxAddrs) + "\n",
		"#" + strings.Repeat("x", maxBook) + "\n",
	} {
		b := newBook(t)
		if err := os.WriteFile(b.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if contacts, err := b.Contacts(); !errors.As(err, new(*CorruptError)) || contacts != nil {
			t.Errorf("%.60q: %v, %v", text, contacts, err)
		}
		b.met("nas", peerID(t, nas), addr2, noon)
		if got := b.contacts(); len(got) != 1 {
			t.Errorf("%.60q: afterwards %v", text, got)
		}
	}
}

// TestBookSideBySide: commands that end at the same time all leave what they know.
func TestBookSideBySide(t *testing.T) {
	b := newBook(t)
	var writers sync.WaitGroup
	for n := range 16 {
		id := identity(t, fmt.Sprint("t", n))
		p := randomPeer(t, n)
		writers.Go(func() {
			if err := b.Record(t.Context(), id, p, addr1, noon); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	if got := b.contacts(); len(got) != 16 {
		t.Errorf("%d contacts", len(got))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Record(ctx, identity(t, "nas"), peerID(t, nas), addr1, noon); !errors.Is(err, context.Canceled) {
		t.Errorf("without time to wait: %v", err)
	}
}

// FuzzBook: what parses is what would be written.
func FuzzBook(f *testing.F) {
	f.Add(formatBook([]Contact{
		{identity(f, "nas"), peerID(f, nas), noon, []multiaddr.Multiaddr{addr1, addr2}},
		{identity(f, "printer"), peerID(f, printer), noon, []multiaddr.Multiaddr{addr2}},
	}))
	f.Fuzz(func(t *testing.T, text []byte) {
		contacts, err := parseBook(text)
		if err != nil {
			return
		}
		again, err := parseBook(formatBook(contacts))
		if err != nil || !bytes.Equal(formatBook(again), formatBook(contacts)) {
			t.Errorf("%q: %v", formatBook(contacts), err)
		}
	})
}
