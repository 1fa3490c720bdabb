package node_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/internal/channeltest"
	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/protocol"
)

// A tap stands where TLS would be: it sees every byte that one side of a plaintext transport sends, and
// may flip one of them.
type tap struct {
	protocol.Transport
	flip int // offset of the byte to alter, -1 for none

	mu   sync.Mutex
	seen bytes.Buffer
}

func (c *tap) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p = bytes.Clone(p)
	if at := c.flip - c.seen.Len(); at >= 0 && at < len(p) {
		p[at] ^= 1
	}
	c.seen.Write(p)
	return c.Transport.Write(p)
}

// recording is one whole session over plaintext: exchange and control on one transport, a request and
// its answer on another.
type recording struct {
	exchange, data [2]*tap // of the initiator, of the responder
	ended          [2]error
	got            []byte // what the initiator fetched, nil unless it was told that all is well
}

const (
	tapShare   = "the-name-of-the-share"
	tapFile    = "the-name-of-the-file.txt"
	tapContent = "the content of the file, which is nobody else's business"
)

// runTapped runs a session in which byte `at` of what `side` sends on transport `which` is flipped.
func runTapped(t *testing.T, terminals [2]certtest.Terminal, roots *certauth.Roots, which string, side, at int) *recording {
	t.Helper()
	r := new(recording)
	r.exchange, r.data = tapped(t), tapped(t)
	switch which {
	case "exchange":
		r.exchange[side].flip = at
	case "data":
		r.data[side].flip = at
	}
	var both sync.WaitGroup
	both.Go(func() { r.ended[0] = r.initiate(terminals, roots); r.abandon(0) })
	both.Go(func() { r.ended[1] = r.respond(terminals, roots); r.abandon(1) })
	both.Wait()
	return r
}

func tapped(t *testing.T) [2]*tap {
	a, b := channeltest.Transports(t)
	deadline := time.Now().Add(10 * time.Second)
	for _, c := range []protocol.Transport{a, b} {
		check(t, errors.Join(c.SetReadDeadline(deadline), c.SetWriteDeadline(deadline)))
	}
	return [2]*tap{{Transport: a, flip: -1}, {Transport: b, flip: -1}}
}

// abandon closes one side's ends, so that the other does not wait.
func (r *recording) abandon(side int) {
	r.exchange[side].Close()
	r.data[side].Close()
}

func (r *recording) initiate(terminals [2]certtest.Terminal, roots *certauth.Roots) error {
	session, err := runMachine(protocol.NewInitiator, r.exchange[0], terminals[0], terminals[1], roots)
	if err != nil {
		return err
	}
	ch, err := session.Open(r.data[0], rand.Reader)
	if err != nil {
		return err
	}
	client := transfer.NewClient(ch, 5*time.Second)
	content, err := client.Read(context.Background(), transfer.ReadRequest{Share: tapShare, Path: tapFile})
	if err != nil {
		return err
	}
	got, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	r.got = got
	return client.Close()
}

func (r *recording) respond(terminals [2]certtest.Terminal, roots *certauth.Roots) error {
	session, err := runMachine(protocol.NewResponder, r.exchange[1], terminals[1], terminals[0], roots)
	if err != nil {
		return err
	}
	ch, err := session.Accept(r.data[1], rand.Reader)
	if err != nil {
		return err
	}
	server := transfer.Server{Source: oneFile{}, Idle: 5 * time.Second, Wait: 5 * time.Second}
	return server.Serve(context.Background(), ch)
}

func runMachine(role func(protocol.Config) (*protocol.Machine, error), t protocol.Transport, self, peer certtest.Terminal, roots *certauth.Roots) (*protocol.Session, error) {
	m, err := role(machineConfig(self, peer.Signing.Public().(ed25519.PublicKey), roots))
	if err != nil {
		return nil, err
	}
	if self.Identity.String() == "acme.example/desk" {
		m1, _, err := m.Step(nil)
		if err != nil {
			return nil, err
		}
		if _, err := t.Write(m1); err != nil {
			return nil, err
		}
	}
	for {
		msg, err := protocol.ReadMessage(t)
		if err != nil {
			return nil, err
		}
		out, session, refused := m.Step(msg)
		if _, err := t.Write(out); err != nil || refused != nil || session != nil {
			return session, errors.Join(refused, err)
		}
	}
}

func machineConfig(self certtest.Terminal, peer ed25519.PublicKey, roots *certauth.Roots) protocol.Config {
	return protocol.Config{
		Policy: protocol.Policy{
			Now:        certtest.Clock,
			Roots:      func() *certauth.Roots { return roots },
			Registered: func(*certauth.Certificate) bool { return true },
		},
		Credentials: protocol.Credentials{Certificate: self.Certificate, Signing: self.Signing, Sealing: self.Sealing},
		Peer:        peer,
		Rand:        rand.Reader,
		Encapsulate: protocol.Encapsulate,
	}
}

// oneFile is a share with one file.
type oneFile struct{ transfer.Source }

func (oneFile) Open(share, path string) (transfer.File, error) {
	if share != tapShare || path != tapFile {
		return nil, os.ErrNotExist
	}
	return memoryFile{bytes.NewReader([]byte(tapContent))}, nil
}

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Entry() transfer.Entry {
	return transfer.Entry{Name: tapFile, Size: uint64(len(tapContent)), ModTime: certtest.Now}
}
func (memoryFile) Unchanged() error { return nil }
func (memoryFile) Close() error     { return nil }

// TestD15NothingInClearWithoutTLS: what goes over the wire after the exchange shows nothing of who
// asked for what, even with no encryption below.
func TestD15NothingInClearWithoutTLS(t *testing.T) {
	terminals, roots := tapTerminals(t)
	r := runTapped(t, terminals, roots, "", 0, 0)
	if err := errors.Join(r.ended[:]...); err != nil || string(r.got) != tapContent {
		t.Fatalf("fetched %q, %v", r.got, err)
	}
	for side := range 2 {
		wire := r.data[side].seen.Bytes()
		if len(wire) == 0 {
			t.Fatal("the tap saw nothing")
		}
		for _, clear := range []string{tapShare, tapFile, tapContent, "acme.example", "desk", "nas"} {
			if bytes.Contains(wire, []byte(clear)) {
				t.Errorf("side %d sent %q in clear", side, clear)
			}
		}
	}
}

// TestD15EveryFlippedByteIsDetected: of the exchange and of the data, in both directions. The flips are
// spread over the session; CERTEXCH_LONG=1 makes every one of them.
func TestD15EveryFlippedByteIsDetected(t *testing.T) {
	terminals, roots := tapTerminals(t)
	whole := runTapped(t, terminals, roots, "", 0, 0)
	stride := 61
	if os.Getenv("CERTEXCH_LONG") != "" {
		stride = 1
	}
	for side := range 2 {
		for which, length := range map[string]int{"exchange": whole.exchange[side].seen.Len(), "data": whole.data[side].seen.Len()} {
			for at := 0; at < length; at += stride {
				r := runTapped(t, terminals, roots, which, side, at)
				if r.ended[0] == nil && r.ended[1] == nil {
					t.Errorf("byte %d of what side %d sent (%s): nobody noticed", at, side, which)
				}
				if r.got != nil && string(r.got) != tapContent {
					t.Errorf("byte %d of what side %d sent (%s): %q was taken for the file", at, side, which, r.got)
				}
			}
		}
	}
}

func tapTerminals(t *testing.T) ([2]certtest.Terminal, *certauth.Roots) {
	authority := certtest.NewAuthority(t, "acme.example")
	return [2]certtest.Terminal{authority.Terminal(t, "desk"), authority.Terminal(t, "nas")}, authority.Roots(t, certauth.Revocations{})
}
