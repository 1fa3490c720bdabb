package transfer

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"sync"
	"time"

	"github.com/certexch/certexch/protocol"
)

// ErrClosed: the client's channel is of no more use, because of Close or of what went wrong in an
// earlier call.
var ErrClosed = errors.New("closed")

// Client asks for shares, directories and files over one channel, one call at a time: a call while
// another, or the Content of a Read, is under way gives ErrInUse. ReadAhead is one call for many files;
// whoever wants several calls at once opens several channels.
//
// A *StatusError or *NameError is the end of one request and leaves the client usable. After any other
// error, and after a context that was done during a call, the channel has been reset and later calls
// give ErrClosed. Errors that match protocol.ErrIntegrity (ErrViolation among them) mean that what
// came is not what a server may send; os.ErrDeadlineExceeded that nothing came for as long as idle;
// protocol.ErrBroken that the connection was lost or the server gave the stream up.
type Client struct {
	ch    Channel
	idle  time.Duration
	frame *protocol.Frame // of the call under way
	hash  hasher          // of the content under way

	next uint32 // number of the next request

	mu     sync.Mutex
	inUse  bool
	closed error // why the channel is of no more use, matching ErrClosed
}

// NewClient returns a client on ch, which is the client's from now on. One frame may take idle to
// leave, and idle to come.
func NewClient(ch Channel, idle time.Duration) *Client {
	return &Client{ch: ch, idle: idle, frame: protocol.NewFrame()}
}

// Close ends the client: in good order between requests, and by a reset during one. In good order it
// waits a moment for the server's own end, and returns protocol.ErrIntegrity for anything else.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed != nil {
		return nil
	}
	c.closed = ErrClosed
	if c.inUse {
		c.ch.Reset()
		return nil
	}
	err := errors.Join(c.ch.SetWriteDeadline(time.Now().Add(c.idle)), c.ch.CloseSend())
	if err == nil {
		err = c.awaitEnd()
	}
	if err != nil {
		c.ch.Reset()
		return err
	}
	return c.ch.Close()
}

// endWait bounds how long Close waits for the server's end. Every answer has come, so nothing is lost
// without it; but what comes in its place has been tampered with.
const endWait = time.Second

// awaitEnd reads the server's end of the channel.
func (c *Client) awaitEnd() error {
	if err := c.ch.SetReadDeadline(time.Now().Add(min(endWait, c.idle))); err != nil {
		return err
	}
	err := c.ch.Receive(c.frame)
	switch {
	case err == nil:
		return violation("an answer to no request")
	case err == io.EOF, errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, protocol.ErrBroken):
		return nil
	}
	return err
}

// Usable reports whether the client can take another request now: none is under way, and no earlier one
// has left the channel reset.
func (c *Client) Usable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed == nil && !c.inUse
}

// lives reports whether the channel is of use still.
func (c *Client) lives() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed == nil
}

// Shares returns the names of the shares that this terminal may see, ascending.
func (c *Client) Shares(ctx context.Context) ([]string, error) {
	a, err := ask[sharesAnswer](ctx, c, request{op: opShares})
	return a.names, err
}

// Stat describes a file or directory.
func (c *Client) Stat(ctx context.Context, share, name string) (Entry, error) {
	r, err := newRequest(opStat, share, name)
	if err != nil {
		return Entry{}, err
	}
	a, err := ask[entryAnswer](ctx, c, r)
	if err != nil {
		return Entry{}, err
	}
	a.entry.Name = r.base()
	return a.entry, nil
}

// List returns the entries of a directory, ascending by name. It is no snapshot: what changes while
// it is listed may or may not be in it. More than MaxListing entries are a *StatusError of StatusTooLarge, whether
// the server refuses them or goes on with them.
func (c *Client) List(ctx context.Context, share, name string) ([]Entry, error) {
	r, err := newRequest(opList, share, name)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for {
		page, err := ask[pageAnswer](ctx, c, r)
		if err != nil {
			return nil, err
		}
		if err := r.follows(page); err != nil {
			return nil, c.abandon(err)
		}
		entries = append(entries, page.entries...)
		if len(entries) > MaxListing {
			return nil, &StatusError{Status: StatusTooLarge, Op: r.op.String(), Path: r.where()}
		}
		if !page.more {
			return entries, nil
		}
		r.after = entries[len(entries)-1].Name
	}
}

// newRequest checks the names that a caller gave. Nothing is sent for those that fail.
func newRequest(o op, share, name string) (request, error) {
	if err := CheckShare(share); err != nil {
		return request{}, err
	}
	if err := CheckName(name); err != nil {
		return request{}, err
	}
	if name == "." { // D-9
		name = ""
	}
	return request{op: o, share: share, path: name}, nil
}

// base returns the name of the entry that r asks for.
func (r *request) base() string {
	if r.path == "" {
		return r.share
	}
	return path.Base(r.path)
}

// follows checks that a page goes on where r asked it to.
func (r *request) follows(page pageAnswer) error {
	if len(page.entries) > 0 && page.entries[0].Name <= r.after { // D-15
		return violation("a page after %q begins with %q", r.after, page.entries[0].Name)
	}
	return nil
}
