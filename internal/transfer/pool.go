package transfer

import (
	"context"
	"sync"
	"time"
)

// Pool asks one server over as many channels as there are calls at once, and keeps channels for the
// calls that follow: opening one costs three times what a request does. It is safe for concurrent use.
// Its calls are those of [Client], but for ErrInUse.
type Pool struct {
	open func(context.Context) (Channel, error)
	idle time.Duration

	mu     sync.Mutex // held while nothing is waited for
	kept   []keptClient
	closed bool

	closing sync.WaitGroup // channels that nobody will use again; Close waits for them
}

// keptClient is a client with no call under way.
type keptClient struct {
	*Client
	since time.Time
}

// keepFor is how long a channel is kept for the calls that follow: well below what a server waits for
// the next request.
const keepFor = time.Minute

// NewPool returns a pool of channels from open. One frame may take idle to leave, and idle to come.
func NewPool(open func(context.Context) (Channel, error), idle time.Duration) *Pool {
	return &Pool{open: open, idle: idle}
}

// Shares returns the names of the shares that this terminal may read.
func (p *Pool) Shares(ctx context.Context) ([]string, error) {
	return pooled(ctx, p, func(c *Client) ([]string, error) { return c.Shares(ctx) })
}

// List returns what a folder of a share holds, ascending by name. The path "" is the share itself.
func (p *Pool) List(ctx context.Context, share, path string) ([]Entry, error) {
	return pooled(ctx, p, func(c *Client) ([]Entry, error) { return c.List(ctx, share, path) })
}

// Stat describes one file or folder of a share.
func (p *Pool) Stat(ctx context.Context, share, path string) (Entry, error) {
	return pooled(ctx, p, func(c *Client) (Entry, error) { return c.Stat(ctx, share, path) })
}

// pooled makes one call on a channel of its own.
func pooled[T any](ctx context.Context, p *Pool, call func(*Client) (T, error)) (T, error) {
	c, err := p.take(ctx)
	if err != nil {
		var none T
		return none, err
	}
	defer p.give(c)
	return call(c)
}

// Read asks for a file. ctx governs the Content until it is closed, which gives the channel back.
func (p *Pool) Read(ctx context.Context, r ReadRequest) (*Content, error) {
	c, err := p.take(ctx)
	if err != nil {
		return nil, err
	}
	content, err := c.Read(ctx, r)
	if err != nil {
		p.give(c)
		return nil, err
	}
	content.closed = sync.OnceFunc(func() { p.give(c) })
	return content, nil
}

// ReadAhead asks for many files on a channel of its own, as Client.ReadAhead does. Callers that overlap
// share the work between channels.
func (p *Pool) ReadAhead(ctx context.Context, next func(wait bool) (ReadRequest, bool), handle func(*Content, error) error) error {
	c, err := p.take(ctx)
	if err != nil {
		return err
	}
	defer p.give(c)
	return c.ReadAhead(ctx, next, handle)
}

// take returns a client with no call under way, a new one if need be.
func (p *Pool) take(ctx context.Context) (*Client, error) {
	if c, err := p.takeKept(); c != nil || err != nil {
		return c, err
	}
	ch, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	return NewClient(ch, p.idle), nil
}

// takeKept returns the client that was given back last, or nothing when none is fresh enough.
func (p *Pool) takeKept() (*Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	n := len(p.kept)
	if n == 0 {
		return nil, nil
	}
	last := p.kept[n-1]
	if time.Since(last.since) < keepFor {
		p.kept = p.kept[:n-1]
		return last.Client, nil
	}
	p.closeKept()
	return nil, nil
}

// give takes a client back.
func (p *Pool) give(c *Client) {
	if !p.keep(c) {
		_ = c.Close()
	}
}

// keep keeps a client for the next call if it is of use.
func (p *Pool) keep(c *Client) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return false
	case !c.Usable():
		p.closeKept() // the connection has been lost, most likely, and theirs with it
		return false
	}
	p.kept = append(p.kept, keptClient{c, time.Now()})
	return true
}

// Close ends the channels that are not in use, and each that is with the call on it.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.closeKept()
	p.mu.Unlock()
	p.closing.Wait()
}

// closeKept closes what is kept. Where a server is silent that takes a moment for each, which nobody waits for
// but Close.
func (p *Pool) closeKept() {
	for _, c := range p.kept {
		p.closing.Go(func() { _ = c.Close() })
	}
	p.kept = nil
}
