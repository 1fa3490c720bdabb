package node

import (
	"context"
	"sync"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/protocol"
)

// defaultIdle is the Idle of an Environment that does not say.
const defaultIdle = 15 * time.Second

// Entry is a file or a folder of a share.
type Entry = transfer.Entry

// ReadRequest names a file of a share, or a range of one.
type ReadRequest = transfer.ReadRequest

// Peer is another terminal, met and proven, that has registered this one and is registered here. Only
// Dial makes one, so data cannot be asked for before there is trust. It is safe for concurrent use:
// calls that overlap each have a sealed stream, and streams are kept for the calls that follow.
type Peer struct {
	terminal *Terminal
	link     *link

	mu     sync.Mutex
	idle   []idleStream
	closed bool
}

// idleStream is a stream with no call under way.
type idleStream struct {
	client *transfer.Client
	since  time.Time
}

// keepStream is how long a stream is kept for the calls that follow: well below what a server waits for
// the next request.
const keepStream = time.Minute

// Identity is the proven identity.
func (p *Peer) Identity() certauth.Identity { return p.link.session.Peer().Identity() }

// Certificate is the certificate that proves it.
func (p *Peer) Certificate() *certauth.Certificate { return p.link.session.Peer() }

// Shares returns the names of the shares that this terminal may read.
func (p *Peer) Shares(ctx context.Context) ([]string, error) {
	return ask(ctx, p, func(c *transfer.Client) ([]string, error) { return c.Shares(ctx) })
}

// List returns what a folder of a share holds, ascending by name. The path "" is the share itself.
func (p *Peer) List(ctx context.Context, share, path string) ([]Entry, error) {
	return ask(ctx, p, func(c *transfer.Client) ([]Entry, error) { return c.List(ctx, share, path) })
}

// Stat describes one file or folder of a share.
func (p *Peer) Stat(ctx context.Context, share, path string) (Entry, error) {
	return ask(ctx, p, func(c *transfer.Client) (Entry, error) { return c.Stat(ctx, share, path) })
}

// ask makes one call on a stream of its own.
func ask[T any](ctx context.Context, p *Peer, call func(*transfer.Client) (T, error)) (T, error) {
	c, err := p.take(ctx)
	if err != nil {
		var none T
		return none, err
	}
	defer p.give(c)
	return call(c)
}

// Content is a file, or a range of one, on its way: an io.Reader and, faster, an io.WriterTo. io.EOF
// comes only when all of it has arrived as it was sent. It must be closed.
type Content struct {
	*transfer.Content
	give func()
}

// Close gives the stream back. Before the end it also gives the file up.
func (c *Content) Close() error {
	err := c.Content.Close()
	c.give()
	return err
}

// Read asks for a file. ctx governs the Content until it is closed.
func (p *Peer) Read(ctx context.Context, r ReadRequest) (*Content, error) {
	c, err := p.take(ctx)
	if err != nil {
		return nil, err
	}
	content, err := c.Read(ctx, r)
	if err != nil {
		p.give(c)
		return nil, err
	}
	return &Content{Content: content, give: sync.OnceFunc(func() { p.give(c) })}, nil
}

// take returns a stream with no call under way, a new one if need be.
func (p *Peer) take(ctx context.Context) (*transfer.Client, error) {
	if c, err := p.kept(); c != nil || err != nil {
		return c, err
	}
	ch, err := protocol.OpenData(ctx, p.link.conn, p.link.session, p.terminal.env.Rand)
	if err != nil {
		return nil, err
	}
	return transfer.NewClient(ch, p.terminal.env.idle()), nil
}

// kept returns the stream that was given back last, or nothing when none is fresh enough.
func (p *Peer) kept() (*transfer.Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	n := len(p.idle)
	if n == 0 {
		return nil, nil
	}
	last := p.idle[n-1]
	if time.Since(last.since) < keepStream {
		p.idle = p.idle[:n-1]
		return last.client, nil
	}
	for _, s := range p.idle {
		_ = s.client.Close()
	}
	p.idle = nil
	return nil, nil
}

func (p *Peer) give(c *transfer.Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || !c.Usable() {
		_ = c.Close()
		return
	}
	p.idle = append(p.idle, idleStream{c, time.Now()})
}

// Close gives the streams back. With the last Peer on a connection that this side has dialled, the
// connection ends: the other side is told, and Close waits a moment for it.
func (p *Peer) Close() error {
	p.mu.Lock()
	closed, idle := p.closed, p.idle
	p.closed, p.idle = true, nil
	p.mu.Unlock()
	if closed {
		return nil
	}
	for _, s := range idle {
		_ = s.client.Close()
	}
	p.link.release()
	return nil
}
