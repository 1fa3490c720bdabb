package node_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/node"
)

// fixture is a terminal in a home of its own.
type fixture struct {
	t        testing.TB
	home     node.Home
	config   node.Config
	identity certauth.Identity
	now      func() time.Time
	log      *slog.Logger // silent if nil
}

// newFixture makes a home the way that a user does: init, request, sign, install.
func newFixture(t testing.TB, authority *certtest.Authority, name string) *fixture {
	t.Helper()
	return newFixtureUntil(t, authority, name, certtest.Now.AddDate(0, 0, 30))
}

func newFixtureUntil(t testing.TB, authority *certtest.Authority, name string, notAfter time.Time) *fixture {
	t.Helper()
	home, err := node.HomeAt(t.TempDir())
	check(t, err)
	check(t, node.Init(home))
	f := &fixture{t: t, home: home, config: loopbackConfig(), now: certtest.Clock}
	f.identity, err = authority.Root.TrustDomain().ParseIdentity(name)
	check(t, err)
	request, err := node.Request(home, f.identity)
	check(t, err)
	bundle := certauth.Bundle{
		Leaf: sign(t, authority, request, f.identity, notAfter),
		Root: authority.Root.DER(),
		CRL:  authority.CRL(t, certauth.Revocations{}).DER(),
	}
	_, err = node.Install(home, bundle.PEM(), certtest.Now, func(*certauth.Root) error { return nil })
	check(t, err)
	return f
}

func loopbackConfig() node.Config {
	config := node.DefaultConfig()
	config.Listen = []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"}
	config.Discovery.MDNS = false
	return config
}

func sign(t testing.TB, authority *certtest.Authority, request []byte, id certauth.Identity, notAfter time.Time) []byte {
	t.Helper()
	block, _ := pem.Decode(request)
	parsed, err := certauth.ParseRequest(block.Bytes)
	check(t, err)
	der, err := authority.Issuer.Certify(certauth.Grant{
		Request: parsed, Identity: id, Serial: certtest.Serial(t),
		NotBefore: certtest.Now.Add(-5 * time.Minute), NotAfter: notAfter,
	})
	check(t, err)
	return der
}

// register puts other into the allowlist.
func (f *fixture) register(other *fixture) {
	f.t.Helper()
	check(f.t, allowlist.NewStore(f.home.Allowlist()).Add(f.t.Context(), allowlist.Entry{Identity: other.identity}))
}

// share serves a folder with one file to everybody who is registered.
func (f *fixture) share(name, file, content string) {
	f.t.Helper()
	dir := f.t.TempDir()
	check(f.t, os.WriteFile(filepath.Join(dir, file), []byte(content), 0o644))
	f.config.Shares = append(f.config.Shares, node.Share{Name: name, Path: dir, Read: []string{"*"}})
}

// terminal opens the home. It is closed when the test ends.
func (f *fixture) terminal() *node.Terminal {
	f.t.Helper()
	terminal, err := node.New(f.home, f.config, f.environment())
	check(f.t, err)
	f.t.Cleanup(func() { terminal.Close() })
	return terminal
}

func (f *fixture) environment() node.Environment {
	env := node.System(f.log)
	env.Now = f.now
	return env
}

// serve runs the terminal until the test ends, and returns its addresses: TCP, then QUIC.
func (f *fixture) serve() []multiaddr.Multiaddr {
	f.t.Helper()
	_, addrs := f.running()
	return addrs
}

// running is serve for a test that has the terminal do more.
func (f *fixture) running() (*node.Terminal, []multiaddr.Multiaddr) {
	f.t.Helper()
	terminal := f.terminal()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- terminal.Run(ctx) }()
	f.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			f.t.Errorf("Run: %v", err)
		}
	})
	return terminal, f.addresses(ended)
}

// addresses waits until the home publishes the addresses of who serves it.
func (f *fixture) addresses(ended <-chan error) []multiaddr.Multiaddr {
	f.t.Helper()
	return waitForAddresses(f.home, ended)
}

func (t *exampleTerminal) waitForAddresses(ended <-chan error) []multiaddr.Multiaddr {
	return waitForAddresses(t.home, ended)
}

// waitForAddresses waits for who serves home, or panics when it ends first.
func waitForAddresses(home node.Home, ended <-chan error) []multiaddr.Multiaddr {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		addrs, err := node.Addresses(home)
		if len(addrs) > 0 {
			return addrs
		}
		if err != nil {
			panic(err)
		}
		select {
		case err := <-ended:
			panic(fmt.Sprintf("Run ended: %v", err))
		case <-tick.C:
		}
	}
}

// overTCP returns the TCP address among addrs.
func overTCP(t testing.TB, addrs []multiaddr.Multiaddr) multiaddr.Multiaddr {
	t.Helper()
	for _, a := range addrs {
		if strings.Contains(a.String(), "/tcp/") {
			return a
		}
	}
	t.Fatal("no TCP address")
	return nil
}

// deafAddress is an address at which nobody listens.
func deafAddress(t testing.TB, f *fixture) multiaddr.Multiaddr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	addr := l.Addr().(*net.TCPAddr)
	check(t, l.Close())
	a, err := multiaddr.NewMultiaddr("/ip4/127.0.0.1/tcp/" + itoa(addr.Port) + "/p2p/" + f.terminal().PeerID().String())
	check(t, err)
	return a
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
