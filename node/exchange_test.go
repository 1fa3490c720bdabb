package node_test

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"testing"
	"time"

	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/node"
	"github.com/certexch/certexch/protocol"
)

func itoa(n int) string { return strconv.Itoa(n) }

const secret = "what only registered terminals may see"

// TestB3RegistrationTruthTable: data flows in the cell yes/yes only, over TCP and over QUIC, whoever
// dials.
func TestB3RegistrationTruthTable(t *testing.T) {
	for _, c := range []struct {
		dialler, server bool // has registered the other
		reason          protocol.Reason
	}{
		{true, true, ""},
		{true, false, protocol.NotRegisteredThere},
		{false, true, protocol.NotRegisteredHere},
		{false, false, protocol.NotRegisteredHere},
	} {
		for _, swap := range []bool{false, true} {
			t.Run(fmt.Sprintf("dialler=%t/server=%t/swap=%t", c.dialler, c.server, swap), func(t *testing.T) {
				authority := certtest.NewAuthority(t, "acme.example")
				dialler, server := newFixture(t, authority, "desk"), newFixture(t, authority, "nas")
				if swap {
					dialler, server = server, dialler
				}
				if c.dialler {
					dialler.register(server)
				}
				if c.server {
					server.register(dialler)
				}
				server.share("docs", "a.txt", secret)
				for _, addr := range server.serve() {
					wantReason(t, fetch(t, dialler, server, addr), c.reason)
				}
			})
		}
	}
}

// fetch dials and reads the file that share has put there.
func fetch(t *testing.T, from, to *fixture, addrs ...multiaddr.Multiaddr) error {
	t.Helper()
	peer, err := from.terminal().Dial(t.Context(), to.identity, addrs...)
	if err != nil {
		return err
	}
	defer peer.Close()
	content, err := peer.Read(t.Context(), node.ReadRequest{Share: "docs", Path: "a.txt"})
	if err != nil {
		return err
	}
	defer content.Close()
	got, err := io.ReadAll(content)
	if err == nil && string(got) != secret {
		t.Errorf("read %q", got)
	}
	return err
}

func wantReason(t *testing.T, err error, want protocol.Reason) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	var refused *protocol.RefusedError
	if !errors.As(err, &refused) || refused.Reason != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestA0AskedForIdentity: a registered terminal that answers for another one is not taken for it.
func TestA0AskedForIdentity(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	desk, nas, printer := newFixture(t, authority, "desk"), newFixture(t, authority, "nas"), newFixture(t, authority, "printer")
	for _, f := range []*fixture{nas, printer} {
		desk.register(f)
		f.register(desk)
	}
	printer.share("docs", "a.txt", secret)
	wantReason(t, fetch(t, desk, nas, printer.serve()...), protocol.OtherTerminal)
}

// TestTheirCertificateExpired: by this side's clock, whatever theirs says.
func TestTheirCertificateExpired(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	desk, nas := newFixture(t, authority, "desk"), newFixtureUntil(t, authority, "nas", certtest.Now.Add(time.Hour))
	desk.register(nas)
	nas.register(desk)
	addrs := nas.serve()
	desk.now = func() time.Time { return certtest.Now.Add(2 * time.Hour) }
	wantReason(t, fetch(t, desk, nas, addrs...), protocol.CertificateExpired)
}

// TestOwnCertificateExpired: nothing is dialled with it.
func TestOwnCertificateExpired(t *testing.T) {
	desk := newFixtureUntil(t, certtest.NewAuthority(t, "acme.example"), "desk", certtest.Now.Add(time.Hour))
	desk.now = func() time.Time { return certtest.Now.Add(2 * time.Hour) }
	_, err := node.New(desk.home, desk.config, desk.environment())
	if f := node.Explain(err); f.Code != node.CodeCertificate || f.Reason != string(protocol.CertificateExpired) {
		t.Errorf("got %v, explained as %+v", err, f)
	}
}

// TestB1OtherAuthority: a certificate of another authority of the same name opens nothing.
func TestB1OtherAuthority(t *testing.T) {
	desk := newFixture(t, certtest.NewAuthority(t, "acme.example"), "desk")
	nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
	desk.register(nas)
	nas.register(desk)
	wantReason(t, fetch(t, desk, nas, nas.serve()...), protocol.Refused)
}

// TestRevokedByOwnList: a list that is installed while this side runs governs the next exchange.
func TestRevokedByOwnList(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	desk, nas := newFixture(t, authority, "desk"), newFixture(t, authority, "nas")
	desk.register(nas)
	nas.register(desk)
	nas.share("docs", "a.txt", secret)
	addrs := nas.serve()
	wantReason(t, fetch(t, desk, nas, addrs...), "")

	revoked := certauth.Revocations{Identities: []certauth.RevokedIdentity{{Hash: certtest.Hash(nas.identity), Cutoff: certtest.Now}}}
	installCRL(t, authority, desk, revoked)
	wantReason(t, fetch(t, desk, nas, addrs...), protocol.CertificateRevoked)
}

func installCRL(t *testing.T, authority *certtest.Authority, f *fixture, r certauth.Revocations) {
	t.Helper()
	der, err := authority.Issuer.SignCRL(r, uint64(certtest.Now.Unix())+1, certtest.Now.Add(time.Second), certtest.Now.AddDate(0, 0, 30))
	check(t, err)
	installed, err := node.Install(f.home, certauth.Bundle{CRL: der}.PEM(), certtest.Now.Add(time.Second), nil)
	check(t, err)
	if installed.CRL == nil {
		t.Fatal("the list was not put in force")
	}
}

// TestAllowlistEditGovernsNextExchange: with no restart on either side.
func TestAllowlistEditGovernsNextExchange(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	desk, nas := newFixture(t, authority, "desk"), newFixture(t, authority, "nas")
	desk.register(nas)
	nas.share("docs", "a.txt", secret)
	addrs := nas.serve()
	wantReason(t, fetch(t, desk, nas, addrs...), protocol.NotRegisteredThere)
	nas.register(desk)
	wantReason(t, fetch(t, desk, nas, addrs...), "")
	if _, err := allowlist.NewStore(nas.home.Allowlist()).Remove(t.Context(), desk.identity); err != nil {
		t.Fatal(err)
	}
	wantReason(t, fetch(t, desk, nas, addrs...), protocol.NotRegisteredThere)
}

// TestDialErrors: nobody there, another key there, no address, a relay.
func TestDialErrors(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	desk, nas, printer := newFixture(t, authority, "desk"), newFixture(t, authority, "nas"), newFixture(t, authority, "printer")
	desk.register(nas)
	nas.register(desk)
	nas.share("docs", "a.txt", secret)
	addr := overTCP(t, nas.serve())
	where, _ := multiaddr.SplitLast(addr)
	wrongKey := where.Encapsulate(multiaddr.StringCast("/p2p/" + printer.terminal().PeerID().String()))
	relayed := multiaddr.StringCast("/ip4/127.0.0.1/tcp/1/p2p/" + printer.terminal().PeerID().String() + "/p2p-circuit/p2p/" + nas.terminal().PeerID().String())
	for _, c := range []struct {
		name  string
		addrs []multiaddr.Multiaddr
		code  int
	}{
		{"nobody answers", []multiaddr.Multiaddr{deafAddress(t, nas)}, node.CodeUnreachable},
		{"another key answers", []multiaddr.Multiaddr{wrongKey}, node.CodeAnotherTerminal},
		{"no address", nil, node.CodeUnreachable},
		{"through a relay", []multiaddr.Multiaddr{relayed}, node.CodeNoDirectPath},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := node.Explain(fetch(t, desk, nas, c.addrs...)); got.Code != c.code {
				t.Errorf("got %+v, want code %d", got, c.code)
			}
		})
	}
}

// TestRotatedKeyNeedsNoEdit: at an address of the allowlist the identity counts, not the key.
func TestRotatedKeyNeedsNoEdit(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	desk, nas := newFixture(t, authority, "desk"), newFixture(t, authority, "nas")
	nas.register(desk)
	nas.share("docs", "a.txt", secret)
	where, _ := multiaddr.SplitLast(overTCP(t, nas.serve()))
	old := where.Encapsulate(multiaddr.StringCast("/p2p/" + newFixture(t, authority, "old").terminal().PeerID().String()))
	store := allowlist.NewStore(desk.home.Allowlist())
	check(t, store.Add(t.Context(), allowlist.Entry{Identity: nas.identity, Addrs: []multiaddr.Multiaddr{old}}))
	wantReason(t, fetch(t, desk, nas), "")
}
