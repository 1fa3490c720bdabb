package node_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/internal/control"
	"github.com/certexch/certexch/internal/host"
	"github.com/certexch/certexch/node"
	"github.com/certexch/certexch/protocol"
)

// served returns a terminal that serves, another that may ask it, and how to dial.
func served(t *testing.T) (nas *fixture, desk *node.Terminal, dial func(context.Context) (*node.Peer, error)) {
	t.Helper()
	authority := certtest.NewAuthority(t, "acme.example")
	from, nas := newFixture(t, authority, "desk"), newFixture(t, authority, "nas")
	from.register(nas)
	nas.register(from)
	nas.share("docs", "a.txt", secret)
	addr := overTCP(t, nas.serve())
	desk = from.terminal()
	return nas, desk, func(ctx context.Context) (*node.Peer, error) { return desk.Dial(ctx, nas.identity, addr) }
}

// TestDialAfterClose: a connection that is being left is not taken for a new one.
func TestDialAfterClose(t *testing.T) {
	_, _, dial := served(t)
	for range 20 {
		p, err := dial(t.Context())
		check(t, err)
		_, err = p.Shares(t.Context())
		check(t, err)
		check(t, p.Close())
		if _, err := p.Shares(t.Context()); !errors.Is(err, node.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}

// TestPeersOfOneConnection: the first to be closed leaves the other its connection.
func TestPeersOfOneConnection(t *testing.T) {
	_, _, dial := served(t)
	first, err := dial(t.Context())
	check(t, err)
	second, err := dial(t.Context())
	check(t, err)
	check(t, first.Close())
	_, err = second.Shares(t.Context())
	check(t, err)
	check(t, second.Close())
}

// sessions waits until the terminal that serves at f has n sessions.
func (f *fixture) sessions(n int) {
	f.t.Helper()
	tick, late := time.NewTicker(5*time.Millisecond), time.After(10*time.Second)
	defer tick.Stop()
	for {
		status, err := control.Client{Path: f.home.Socket}.Status(f.t.Context())
		if err == nil && len(status.Sessions) == n {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			f.t.Fatalf("not %d sessions: %+v, %v", n, status.Sessions, err)
		}
	}
}

// TestPeerReadsOverOurConnection: when this side has no more use for a connection that it has dialled, the peer
// may be reading over it. Then the connection ends, but no sooner.
func TestPeerReadsOverOurConnection(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas, desk := newFixture(t, authority, "nas"), newFixture(t, authority, "desk")
	nas.register(desk)
	desk.register(nas)
	desk.share("docs", "large", "")
	const size = 16 << 20 // more than is on the way at any time
	check(t, os.Truncate(filepath.Join(desk.config.Shares[0].Path, "large"), size))
	there, theirs := nas.running()
	here, ours := desk.running()

	first, err := here.Dial(t.Context(), nas.identity, overTCP(t, theirs))
	check(t, err)
	back, err := there.Dial(t.Context(), desk.identity, overTCP(t, ours))
	check(t, err)
	content, err := back.Read(t.Context(), node.ReadRequest{Share: "docs", Path: "large"})
	check(t, err)
	_, err = io.CopyN(io.Discard, content, 1<<20)
	check(t, err)
	nas.sessions(1)
	check(t, first.Close())
	if n, err := io.Copy(io.Discard, content); n != size-1<<20 || err != nil {
		t.Errorf("%d more bytes, %v", n, err)
	}
	check(t, content.Close())
	check(t, back.Close())
	nas.sessions(0)
}

// TestDialsDoNotShareACancellation: who gives up does so for himself alone.
func TestDialsDoNotShareACancellation(t *testing.T) {
	_, _, dial := served(t)
	for i := range 30 {
		impatient, giveUp := context.WithCancel(t.Context())
		var both sync.WaitGroup
		both.Go(func() {
			if p, err := dial(impatient); err == nil {
				p.Close()
			}
		})
		both.Go(func() {
			p, err := dial(t.Context())
			if err != nil {
				t.Errorf("the patient one: %v", err)
				return
			}
			p.Close()
		})
		time.AfterFunc(time.Duration(i)*200*time.Microsecond, giveUp)
		both.Wait()
	}
}

// TestDialThatSucceedsTooLate: a session that stands as its Dial is given up is somebody's to give back.
func TestDialThatSucceedsTooLate(t *testing.T) {
	nas, _, dial := served(t)
	first, err := dial(t.Context())
	check(t, err)
	nas.sessions(1)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		if p, err := dial(over); err == nil {
			check(t, p.Close())
		}
	}
	check(t, first.Close())
	nas.sessions(0)
}

// TestCloseEndsRun: and a second Run leaves the first alone.
func TestCloseEndsRun(t *testing.T) {
	nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
	terminal := nas.terminal()
	ended := make(chan error, 1)
	go func() { ended <- terminal.Run(context.Background()) }()
	nas.addresses(ended)
	if err := terminal.Run(t.Context()); !errors.Is(err, node.ErrRunning) {
		t.Errorf("a second Run: %v", err)
	}
	if addrs, err := node.Addresses(nas.home); len(addrs) == 0 {
		t.Errorf("after the second Run nobody serves: %v", err)
	}
	check(t, terminal.Close())
	if _, err := os.Stat(filepath.Join(nas.home.State, "running")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Close: %v", err)
	}
	check(t, <-ended)
	if err := terminal.Run(t.Context()); !errors.Is(err, node.ErrClosed) {
		t.Errorf("Run after Close: %v", err)
	}
}

// TestCloseInterruptsOpen: what a command of this machine has asked for is then not said to be cancelled, which it is
// not, nor the other terminal to be unreachable.
func TestCloseInterruptsOpen(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	desk, nas := newFixture(t, authority, "desk"), newFixture(t, authority, "nas")
	desk.register(nas)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer silent.Close()
	addr, err := multiaddr.NewMultiaddr("/ip4/127.0.0.1/tcp/" + itoa(silent.Addr().(*net.TCPAddr).Port) + "/p2p/" + nas.terminal().PeerID().String())
	check(t, err)

	ctx, cancel := context.WithCancel(t.Context()) // ends with the terminal, as that of a command does
	defer cancel()
	desk.log = slog.New(slog.NewTextHandler(stopping(cancel), nil))
	terminal, _ := desk.running()
	opened := make(chan error, 1)
	go func() {
		_, err := terminal.Open(ctx, nas.identity, addr)
		opened <- err
	}()
	conn, err := silent.Accept()
	check(t, err)
	defer conn.Close()
	check(t, terminal.Close())
	if err := <-opened; !errors.Is(err, node.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// stopping is a log that calls when the terminal says in it that it stops.
type stopping func()

func (stopping stopping) Write(record []byte) (int, error) {
	if bytes.Contains(record, []byte("msg=stopping")) {
		stopping()
	}
	return len(record), nil
}

// TestReloadOnlyWhileServing: or shares would be open that nobody closes.
func TestReloadOnlyWhileServing(t *testing.T) {
	nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
	terminal := nas.terminal()
	reload := func(want error) {
		t.Helper()
		if _, err := terminal.Reload(); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	reload(node.ErrNotServing)
	ended := make(chan error, 1)
	go func() { ended <- terminal.Run(t.Context()) }()
	nas.addresses(ended)
	reload(nil)
	check(t, terminal.Close())
	reload(node.ErrNotServing)
	check(t, <-ended)
}

// TestCloseWaitsForRun: also when Run is slow.
func TestCloseWaitsForRun(t *testing.T) {
	nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
	ready, closed, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	env := nas.environment()
	env.Ready = func() {
		close(ready)
		select {
		case <-closed:
			t.Error("Close has not waited")
		case <-time.After(300 * time.Millisecond):
		}
	}
	terminal, err := node.New(nas.home, nas.config, env)
	check(t, err)
	go func() { ended <- terminal.Run(t.Context()) }()
	<-ready
	check(t, terminal.Close())
	close(closed)
	check(t, <-ended)
}

// TestRunThatFailsEnds: also when peers connect at the address that could be opened before the one that
// could not.
func TestRunThatFailsEnds(t *testing.T) {
	nas := newFixture(t, certtest.NewAuthority(t, "acme.example"), "nas")
	busy, err := net.ListenPacket("udp", "127.0.0.1:0")
	check(t, err)
	defer busy.Close()
	open := deafAddress(t, nas)
	where, _ := multiaddr.SplitLast(open)
	nas.config.Listen = []string{where.String(), "/ip4/127.0.0.1/udp/" + itoa(busy.LocalAddr().(*net.UDPAddr).Port) + "/quic-v1"}
	info, err := peer.AddrInfoFromP2pAddr(open)
	check(t, err)

	ctx, stop := context.WithCancel(t.Context())
	var dialling sync.WaitGroup
	defer dialling.Wait()
	defer stop()
	for range 4 {
		dialling.Go(func() {
			for ctx.Err() == nil {
				h, err := host.New(host.Config{Key: certtest.NewKeys(t).Signing})
				check(t, err)
				_ = h.Connect(ctx, *info)
				h.Close()
			}
		})
	}
	for range 60 {
		ended := make(chan error, 1)
		terminal := nas.terminal()
		go func() { ended <- terminal.Run(ctx) }()
		select {
		case err := <-ended:
			if !errors.As(err, new(*host.ListenError)) {
				t.Fatalf("Run: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("Run does not end")
		}
	}
}

// TestStreamsWithoutExchangeEndTheConnection: nobody fills a log, or a memory, with them.
func TestStreamsWithoutExchangeEndTheConnection(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas := newFixture(t, authority, "nas")
	conn := newStranger(t, authority.Terminal(t, "desk")).connect(t, overTCP(t, nas.serve()))
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		s, err := conn.NewStream(t.Context())
		if err != nil {
			return // the connection has ended
		}
		_ = s.SetProtocol(protocol.DataID)
		_, _ = s.Write([]byte("\x13/multistream/1.0.0\n\x14/certexch/data/1.0\n"))
	}
	t.Error("the connection stands, and streams can be opened")
}
