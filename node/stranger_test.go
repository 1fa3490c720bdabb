package node_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"testing"
	"time"

	libp2p "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libp2pprotocol "github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multiaddr"
	"github.com/multiformats/go-multistream"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/internal/host"
	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/protocol"
)

// stranger is a peer that does as it likes: a libp2p host with whatever certificate it has.
type stranger struct {
	certtest.Terminal
	host libp2p.Host
}

func newStranger(t *testing.T, terminal certtest.Terminal) *stranger {
	t.Helper()
	h, err := host.New(host.Config{Key: terminal.Signing})
	check(t, err)
	t.Cleanup(func() { h.Close() })
	return &stranger{terminal, h}
}

// connect opens a connection of its own to addr.
func (s *stranger) connect(t *testing.T, addr multiaddr.Multiaddr) network.Conn {
	t.Helper()
	info, err := peer.AddrInfoFromP2pAddr(addr)
	check(t, err)
	check(t, s.host.Connect(t.Context(), *info))
	return s.host.Network().ConnsToPeer(info.ID)[0]
}

// open opens a stream for a protocol.
func open(t *testing.T, conn network.Conn, id libp2pprotocol.ID) network.Stream {
	t.Helper()
	s, err := conn.NewStream(t.Context())
	check(t, err)
	check(t, s.SetDeadline(time.Now().Add(10*time.Second)))
	if err := multistream.SelectProtoOrFail(id, s); err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return s
}

// say sends msg as the first message of an exchange on a connection of its own, and returns all that
// comes back.
func (s *stranger) say(t *testing.T, addr multiaddr.Multiaddr, msg []byte) []byte {
	t.Helper()
	conn := s.connect(t, addr)
	defer conn.Close()
	stream := open(t, conn, protocol.ID)
	_, err := stream.Write(msg)
	check(t, err)
	answer, _ := io.ReadAll(stream)
	return answer
}

// m1 is the first message to whoever has key, by a machine that trusts roots.
func (s *stranger) m1(t *testing.T, key ed25519.PublicKey, roots *certauth.Roots) []byte {
	t.Helper()
	m, err := protocol.NewInitiator(machineConfig(s.Terminal, key, roots))
	check(t, err)
	out, _, err := m.Step(nil)
	check(t, err)
	return out
}

func keyAt(t *testing.T, addr multiaddr.Multiaddr) ed25519.PublicKey {
	t.Helper()
	info, err := peer.AddrInfoFromP2pAddr(addr)
	check(t, err)
	public, err := info.ID.ExtractPublicKey()
	check(t, err)
	raw, err := public.Raw()
	check(t, err)
	return raw
}

// TestB1B4StrangersLearnNothing: whatever is wrong with a stranger, the answer is the same three bytes,
// over real hosts.
func TestB1B4StrangersLearnNothing(t *testing.T) {
	authority, other := certtest.NewAuthority(t, "acme.example"), certtest.NewAuthority(t, "acme.example")
	nas := newFixture(t, authority, "nas")
	nas.share("docs", "a.txt", secret)
	addr := overTCP(t, nas.serve())
	key := keyAt(t, addr)

	certified := newStranger(t, authority.Terminal(t, "desk"))
	foreign := newStranger(t, other.Terminal(t, "desk"))
	ownRoots, otherRoots := authority.Roots(t, certauth.Revocations{}), other.Roots(t, certauth.Revocations{})

	good := certified.m1(t, key, ownRoots)
	thief := newStranger(t, certtest.Terminal{Signing: certtest.NewKeys(t).Signing})
	broken := bytes.Clone(good)
	broken[len(broken)-1] ^= 1
	for name, c := range map[string]struct {
		from *stranger
		msg  []byte
	}{
		"no certificate (B1)":           {thief, []byte{1, 0, 0}},
		"another authority (B1)":        {foreign, foreign.m1(t, key, otherRoots)},
		"stolen M1 of a member (B2 B7)": {thief, good},
		"bad signature":                 {certified, broken},
		"garbage (B10)":                 {thief, append([]byte{0xff, 0, 5}, "hello"...)},
		"too long (C5)":                 {thief, []byte{1, 0xff, 0xff}},
		"out of turn (B8)":              {certified, []byte{3, 0, 0}},
	} {
		if got := c.from.say(t, addr, c.msg); !bytes.Equal(got, []byte{5, 0, 0}) {
			t.Errorf("%s: answered %x", name, got)
		}
	}
}

// TestPrivateLooksAsToStrangers: with private, a member that is not registered gets what everybody gets.
func TestPrivateLooksAsToStrangers(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas := newFixture(t, authority, "nas")
	nas.config.Private = true
	addr := overTCP(t, nas.serve())
	member := newStranger(t, authority.Terminal(t, "desk"))
	msg := member.m1(t, keyAt(t, addr), authority.Roots(t, certauth.Revocations{}))
	if got := member.say(t, addr, msg); !bytes.Equal(got, []byte{5, 0, 0}) {
		t.Errorf("answered %d bytes", len(got))
	}
}

// TestB9OtherVersions: there is one version, and nothing to fall back to.
func TestB9OtherVersions(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas := newFixture(t, authority, "nas")
	conn := newStranger(t, authority.Terminal(t, "desk")).connect(t, overTCP(t, nas.serve()))
	for _, id := range []libp2pprotocol.ID{"/certexch/0.9", "/certexch/1.1", "/certexch/data/0.9"} {
		s, err := conn.NewStream(t.Context())
		check(t, err)
		check(t, s.SetDeadline(time.Now().Add(10*time.Second)))
		if err := multistream.SelectProtoOrFail(id, s); err == nil {
			t.Errorf("%s was accepted", id)
		}
	}
}

// TestB15SessionBelongsToConnection: a data stream on a second connection between the same two peers is
// refused until that connection has had its own exchange.
func TestB15SessionBelongsToConnection(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas := newFixture(t, authority, "nas")
	desk := newStranger(t, authority.Terminal(t, "desk"))
	nas.register(&fixture{t: t, identity: desk.Identity})
	nas.share("docs", "a.txt", secret)
	addrs := nas.serve()

	first := desk.connect(t, overTCP(t, addrs))
	session, control, err := protocol.Initiate(t.Context(), first, machineConfig(desk.Terminal, nil, authority.Roots(t, certauth.Revocations{})))
	check(t, err)
	defer control.Close()
	ask := func(ch *protocol.Channel) error {
		_, err := transfer.NewClient(ch, 10*time.Second).Shares(t.Context())
		return err
	}
	ch, err := protocol.OpenData(t.Context(), first, session, rand.Reader)
	check(t, err)
	if err := ask(ch); err != nil {
		t.Fatalf("on its own connection: %v", err)
	}

	second := newStranger(t, desk.Terminal).connect(t, overTCP(t, addrs))
	stream, err := second.NewStream(t.Context())
	check(t, err)
	check(t, stream.SetDeadline(time.Now().Add(10*time.Second)))
	if err := multistream.SelectProtoOrFail(protocol.DataID, stream); err != nil {
		return // refused before it could say a word
	}
	ch, err = session.Open(stream, rand.Reader)
	check(t, err)
	if err := ask(ch); !errors.Is(err, protocol.ErrBroken) && !errors.Is(err, protocol.ErrIntegrity) {
		t.Errorf("the second connection answered: %v", err)
	}
}

// TestB8SecondExchange: a second exchange on a connection ends the connection.
func TestB8SecondExchange(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas := newFixture(t, authority, "nas")
	desk := newStranger(t, authority.Terminal(t, "desk"))
	conn := desk.connect(t, overTCP(t, nas.serve()))
	cfg := machineConfig(desk.Terminal, nil, authority.Roots(t, certauth.Revocations{}))
	_, control, err := protocol.Initiate(t.Context(), conn, cfg)
	check(t, err)
	if _, _, err := protocol.Initiate(t.Context(), conn, cfg); err == nil {
		t.Fatal("a second exchange succeeded")
	}
	if goodbye, err := control.Receive(); err == nil {
		t.Errorf("the first session goes on: %s", goodbye)
	}
}

// TestB16DataBeforeFinished: a stream that is opened before the exchange is complete gets no answer.
func TestB16DataBeforeFinished(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas := newFixture(t, authority, "nas")
	desk := newStranger(t, authority.Terminal(t, "desk"))
	nas.register(&fixture{t: t, identity: desk.Identity})
	nas.share("docs", "a.txt", secret)
	addr := overTCP(t, nas.serve())
	conn := desk.connect(t, addr)
	exchange := open(t, conn, protocol.ID)
	_, err := exchange.Write(desk.m1(t, keyAt(t, addr), authority.Roots(t, certauth.Revocations{})))
	check(t, err)
	_, err = protocol.ReadMessage(exchange) // M2: the peer has us registered, and waits for M3
	check(t, err)
	data := open(t, conn, protocol.DataID)
	_, err = data.Write(make([]byte, 1024))
	check(t, err)
	_, err = exchange.Write([]byte{3, 0, 0})
	check(t, err)
	if got, err := io.ReadAll(data); len(got) > 0 || err == nil {
		t.Errorf("answered %d bytes, %v", len(got), err)
	}
}
