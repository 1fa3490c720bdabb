package protocol

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multistream"

	"github.com/certexch/certexch/internal/certtest"
)

// conn is one end of a libp2p connection in memory: its streams are pipes on which the protocol is
// negotiated as libp2p does it. What this package does not use of a connection is not there.
type conn struct {
	network.Conn
	peer   crypto.PubKey
	remote *conn
	serve  map[protocol.ID]func(network.Stream) // what is answered at this end

	mu     sync.Mutex
	asked  []protocol.ID // what the peer wanted
	served sync.WaitGroup
}

func newConns(a, b crypto.PubKey) (near, far *conn) {
	near, far = &conn{peer: b}, &conn{peer: a}
	near.remote, far.remote = far, near
	return near, far
}

func libp2pKey(t testing.TB, c certtest.Terminal) crypto.PubKey {
	t.Helper()
	key, err := crypto.UnmarshalEd25519PublicKey(publicKey(c))
	check(t, err)
	return key
}

func (c *conn) RemotePublicKey() crypto.PubKey { return c.peer }

func (c *conn) RemotePeer() peer.ID { return "whoever" }

func (c *conn) NewStream(context.Context) (network.Stream, error) {
	near, far := newPipe()
	c.remote.served.Go(func() { c.remote.negotiate(far) })
	return &stream{pipe: near, conn: c}, nil
}

func (c *conn) negotiate(p *pipe) {
	muxer := multistream.NewMultistreamMuxer[protocol.ID]()
	for id := range c.serve {
		muxer.AddHandler(id, nil)
	}
	id, _, err := muxer.Negotiate(p)
	if err != nil {
		return
	}
	c.mu.Lock()
	c.asked = append(c.asked, id)
	c.mu.Unlock()
	c.serve[id](&stream{pipe: p, conn: c, id: id})
}

// stream is a pipe as a stream of libp2p.
type stream struct {
	*pipe
	absent
	conn network.Conn
	id   protocol.ID
}

// absent is what this package does not use of a stream.
type absent struct{ network.Stream }

func (s *stream) Conn() network.Conn { return s.conn }

func (s *stream) SetProtocol(id protocol.ID) error {
	s.id = id
	return nil
}

func TestOverLibp2p(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		near, far := newConns(libp2pKey(t, w.a), libp2pKey(t, w.b))
		sessions := make(chan *Session, 1)
		cfg := w.config(w.b, w.b) // Peer comes from the connection
		far.serve = map[protocol.ID]func(network.Stream){
			ID: func(s network.Stream) {
				session, control, err := Respond(t.Context(), s, cfg)
				check(t, err)
				check(t, control.Goodbye(GoodbyeShutdown))
				sessions <- session
			},
			DataID: func(s network.Stream) {
				c, err := (<-sessions).Accept(s, rand.Reader)
				check(t, err)
				f := NewFrame()
				check(t, c.Receive(f))
				check(t, c.Send(f))
				check(t, c.CloseSend())
			},
		}
		session, control, err := Initiate(t.Context(), near, w.config(w.a, w.a))
		check(t, err)
		if got, err := control.Receive(); err != nil || got != GoodbyeShutdown {
			t.Errorf("got %v, %v", got, err)
		}
		c, err := OpenData(t.Context(), near, session, rand.Reader)
		check(t, err)
		check(t, c.Send(text("echo")))
		if heard, err := listen(c); err != nil || heard != "echo" {
			t.Errorf("heard %q, %v", heard, err)
		}
		far.served.Wait()
	})
}

// B9: a peer that does not speak this version is not spoken to in another.
func TestB9OtherVersion(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		near, far := newConns(libp2pKey(t, w.a), libp2pKey(t, w.b))
		far.serve = map[protocol.ID]func(network.Stream){
			"/certexch/0.9": func(network.Stream) { t.Error("another version") },
		}
		_, _, err := Initiate(t.Context(), near, w.config(w.a, w.b))
		reasonOf(t, err, Interrupted)
		far.served.Wait()
		if len(far.asked) != 0 {
			t.Errorf("asked for %v", far.asked)
		}
	})
}

// A key that no certificate can name is refused before anything is said of this side.
func TestKeyOfAnotherKind(t *testing.T) {
	w := newWorld(t)
	_, key, err := crypto.GenerateECDSAKeyPair(rand.Reader)
	check(t, err)
	near, far := newConns(key, key)
	_, _, err = Initiate(t.Context(), near, w.config(w.a, w.b))
	reasonOf(t, err, KeyMismatch)

	synctest.Test(t, func(t *testing.T) {
		p, q := newPipe()
		_, err := p.Write(w.recorded(t)[flowM1])
		check(t, err)
		_, _, err = Respond(t.Context(), &stream{pipe: q, conn: far}, w.config(w.b, w.a))
		reasonOf(t, err, KeyMismatch)
		if string(q.out.tap) != string(refused) {
			t.Errorf("answered %x", q.out.tap)
		}
	})
	near.peer = nil
	if _, err := PeerKey(near); err == nil {
		t.Error("a connection without a key")
	}
}

// A terminal that cannot take part looks like one that refuses.
func TestB4NotReady(t *testing.T) {
	w := newWorld(t)
	_, far := newConns(libp2pKey(t, w.a), libp2pKey(t, w.b))
	cfg := w.config(w.b, w.a)
	cfg.Certificate = []byte{0x30, 0x00}
	synctest.Test(t, func(t *testing.T) {
		p, q := newPipe()
		_, err := p.Write(w.recorded(t)[flowM1])
		check(t, err)
		_, _, err = Respond(t.Context(), &stream{pipe: q, conn: far}, cfg)
		if got := reasonOf(t, err, CertificateMalformed); !got.Own {
			t.Errorf("got %+v", got)
		}
		if string(q.out.tap) != string(refused) {
			t.Errorf("answered %x", q.out.tap)
		}
	})
}

func TestB3NoDataStreamIsOpened(t *testing.T) {
	w := newWorld(t)
	s, _ := converse(w.initiator(t, unregistered), w.responder(t), nil).both(t)
	_, err := OpenData(t.Context(), nil, s, rand.Reader)
	reasonOf(t, err, NotRegisteredHere)
}
