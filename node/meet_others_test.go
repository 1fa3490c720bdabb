package node_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/internal/discovery"
	"github.com/certexch/certexch/internal/nettest"
	"github.com/certexch/certexch/node"
)

// TestStrangersAreNotDialledForOneThatAnswers: whoever is dialled sees this terminal's certificate.
func TestStrangersAreNotDialledForOneThatAnswers(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	authority, nas, desk := pair(t)
	nas.serve()
	wantReason(t, command(t, desk, nas), "")
	var log lockedBuffer
	for n := range 3 {
		stranger := newFixture(t, authority, fmt.Sprint("other", n)).onNetwork()
		stranger.log = slog.New(slog.NewTextHandler(&log, nil))
		stranger.serve()
	}
	at, _ := multiaddr.SplitLast(nas.silentAddress())
	book := filepath.Join(desk.home.State, "addresses")
	for range 5 {
		check(t, os.Remove(book)) // so that the network has to be asked
		check(t, discovery.NewAddressBook(book).Record(t.Context(), nas.identity, nas.terminal().PeerID(), at, certtest.Now))
		wantReason(t, command(t, desk, nas), "")
	}
	if text := log.String(); strings.Contains(text, "exchange") || strings.Contains(text, "session") {
		t.Errorf("the others have seen:\n%s", text)
	}
}

// TestA0OthersOnTheNetwork: others that are registered too, and one that has the address that is noted, are not
// taken for the one that is asked for, and do not keep it from being found.
func TestA0OthersOnTheNetwork(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	authority, nas, desk := pair(t)
	printer := newFixture(t, authority, "printer").onNetwork()
	printer.register(desk)
	printer.share("docs", "a.txt", "not the secret")
	desk.note(nas, printer.serve()...)
	for n := range 3 {
		other := newFixture(t, authority, fmt.Sprint("other", n)).onNetwork()
		other.register(desk)
		other.serve()
	}
	if f := node.Explain(fetch(t, desk, nas)); f.Code != node.CodeAnotherTerminal {
		t.Errorf("before it was there: %+v", f)
	}
	nas.serve()
	quickly(t, func() { wantReason(t, fetch(t, desk, nas), "") })
}

// TestA0AnotherInTheBook: a remembered address that is another's now.
func TestA0AnotherInTheBook(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	authority, nas, desk := pair(t)
	printer := newFixture(t, authority, "printer")
	printer.register(desk)
	at, _ := multiaddr.SplitLast(overTCP(t, printer.serve()))
	book := discovery.NewAddressBook(filepath.Join(desk.home.State, "addresses"))
	check(t, book.Record(t.Context(), nas.identity, nas.terminal().PeerID(), at, certtest.Now))
	if f := node.Explain(fetch(t, desk, nas)); f.Code != node.CodeUnreachable {
		t.Errorf("before it was there: %+v", f)
	}
	nas.serve()
	wantReason(t, fetch(t, desk, nas), "")
}

// TestPrivateIsNotFound: a private terminal publishes nothing, but looks.
func TestPrivateIsNotFound(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	_, nas, desk := pair(t)
	nas.config.Private, desk.config.Private = true, true
	addrs := nas.serve()
	err := fetch(t, desk, nas)
	var unreached *node.DialError
	if !errors.As(err, &unreached) || !unreached.Network.Asked || unreached.Network.Others > 0 {
		t.Errorf("got %v", err)
	}
	if f := node.Explain(err); f.Code != node.CodeUnreachable || !strings.Contains(f.Text, "no answer on this network (mDNS)") || !strings.Contains(f.Try, "--addr") {
		t.Errorf("%+v", f)
	}
	wantReason(t, fetch(t, desk, nas, addrs...), "")

	other := desk // who is not private is found by who is
	other.config.Private = false
	other.share("docs", "a.txt", secret)
	other.serve()
	wantReason(t, fetch(t, nas, other), "")
}

// TestPinnedKeyOnTheNetwork: with a pinned key no other is even dialled.
func TestPinnedKeyOnTheNetwork(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	authority, nas, desk := pair(t)
	other := newFixture(t, authority, "other").onNetwork()
	other.serve()
	pin := func(f *fixture) {
		t.Helper()
		about, err := node.Describe(f.home, f.config, certtest.Now)
		check(t, err)
		hash := about.Certificate.KeyHash()
		store := allowlist.NewStore(desk.home.Allowlist())
		_, err = store.Remove(t.Context(), nas.identity)
		check(t, err)
		check(t, store.Add(t.Context(), allowlist.Entry{Identity: nas.identity, Pin: &hash}))
	}
	nas.serve()
	pin(newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas"))
	var unreached *node.DialError
	if err := fetch(t, desk, nas); !errors.As(err, &unreached) || unreached.Network.Others > 0 {
		t.Errorf("got %v", err)
	}
	pin(nas)
	wantReason(t, fetch(t, desk, nas), "")
}

// TestManyAtOnce: several who look for different terminals share connections, and each finds its own.
func TestManyAtOnce(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	authority := certtest.NewAuthority(t, "acme.example")
	desk := newFixture(t, authority, "desk").onNetwork()
	var wanted []certauth.Identity
	for n := range 4 {
		f := newFixture(t, authority, fmt.Sprint("nas", n)).onNetwork()
		f.register(desk)
		desk.register(f)
		f.serve()
		wanted = append(wanted, f.identity)
	}
	terminal := desk.terminal()
	done := make(chan error)
	for _, id := range wanted {
		go func() {
			peer, err := terminal.Dial(t.Context(), id)
			if err == nil {
				if peer.Identity() != id {
					err = fmt.Errorf("met %s for %s", peer.Identity(), id)
				}
				err = errors.Join(err, peer.Close())
			}
			done <- err
		}()
	}
	for range wanted {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
