package control

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"syscall"
	"time"

	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/transfer"
)

// ErrNotRunning: no terminal answers at the socket.
var ErrNotRunning = errors.New("no terminal is running here")

// Client asks the terminal that runs on this machine. Its errors are ErrNotRunning, a *Failure that the
// terminal reports, protocol.ErrBroken, ErrProtocol, fs.ErrPermission for somebody who may not use the
// socket, and ctx's.
type Client struct {
	// Path is that of the socket.
	Path string
	// Timeout is how long an answer may take, other than to Open; 0 is as long as the context lasts.
	Timeout time.Duration
}

// Hello returns who answers.
func (c Client) Hello(ctx context.Context) (hello Hello, err error) {
	err = c.ask(ctx, Request{Op: OpHello}, &hello)
	return hello, err
}

// Status returns what the terminal says of itself.
func (c Client) Status(ctx context.Context) (status Status, err error) {
	err = c.ask(ctx, Request{Op: OpStatus}, &status)
	return status, err
}

// Reload makes the terminal read its configuration again, and returns what of it counts after a restart only.
func (c Client) Reload(ctx context.Context) (restart []string, err error) {
	var reply Reloaded
	err = c.ask(ctx, Request{Op: OpReload}, &reply)
	return reply.Restart, err
}

// Pending returns who has knocked.
func (c Client) Pending(ctx context.Context) (knocks []Knock, err error) {
	err = c.ask(ctx, Request{Op: OpPending}, &knocks)
	return knocks, err
}

// Open opens a channel to the terminal id, at addrs or wherever the running terminal finds it. The
// session has to stand within ctx, which does not govern the channel.
func (c Client) Open(ctx context.Context, id certauth.Identity, addrs []multiaddr.Multiaddr) (transfer.Channel, error) {
	r := Request{Op: OpOpen, Identity: id.String()}
	for _, a := range addrs {
		r.Addrs = append(r.Addrs, a.String())
	}
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		r.Timeout = max(1, (left - left/20).Milliseconds()) // so that the terminal is first to say why it took too long
	}
	conn, err := c.request(ctx, r, nil)
	if err != nil {
		return nil, err
	}
	return newChannel(conn), nil
}

// ask makes a request that is over when it is answered.
func (c Client) ask(ctx context.Context, r Request, reply any) error {
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	conn, err := c.request(ctx, r, reply)
	if err != nil {
		return err
	}
	return conn.Close()
}

// request sends r and reads its reply.
func (c Client) request(ctx context.Context, r Request, reply any) (net.Conn, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	err = writeJSON(conn, blockRequest, r)
	if err == nil {
		err = readJSON(conn, blockReply, reply)
	}
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

func (c Client) dial(ctx context.Context) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", c.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EINVAL):
		return nil, ErrNotRunning
	case err != nil:
		return nil, err
	}
	return conn, nil
}
