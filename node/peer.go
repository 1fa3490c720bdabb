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

// Content is a file, or a range of one, on its way: an io.Reader and, faster, an io.WriterTo. io.EOF
// comes only when all of it has arrived as it was sent. It must be closed.
type Content = transfer.Content

// Peer is another terminal, met and proven, that has registered this one and is registered here. Only
// Dial makes one, so data cannot be asked for before there is trust. It is safe for concurrent use:
// calls that overlap each have a sealed stream, and streams are kept for the calls that follow.
type Peer struct {
	*transfer.Pool
	link    *link
	open    func(context.Context) (transfer.Channel, error)
	release func()
}

// newPeer makes the caller's use of l a Peer.
func (t *Terminal) newPeer(l *link) *Peer {
	open := func(ctx context.Context) (transfer.Channel, error) {
		ch, err := protocol.OpenData(ctx, l.conn, l.session, t.env.Rand)
		if err != nil {
			return nil, l.why(err)
		}
		return &linkChannel{ch, t, l}, nil
	}
	return &Peer{Pool: transfer.NewPool(open, t.env.idle()), link: l, open: open, release: sync.OnceFunc(l.release)}
}

// Identity is the proven identity.
func (p *Peer) Identity() certauth.Identity { return p.link.session.Peer().Identity() }

// Certificate is the certificate that proves it.
func (p *Peer) Certificate() *certauth.Certificate { return p.link.session.Peer() }

// Close gives the streams back. With the last Peer on a connection that this side has dialled, the
// connection ends, unless the other side has streams for requests open on it: then it ends with the last of them.
// The other side is told, and whoever ends it waits a moment for it.
func (p *Peer) Close() error {
	p.Pool.Close()
	p.release()
	return nil
}
