package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/transfer"
)

// Terminal is what a Server needs of the running terminal. Its methods are called from several
// goroutines.
type Terminal interface {
	Hello() Hello
	Status() Status
	// Reload returns what has changed and counts after a restart only.
	Reload() (restart []string, err error)
	Pending() ([]Knock, error)
	// Open returns a channel of a session with id, which stands or is made for it within ctx.
	Open(ctx context.Context, id certauth.Identity, addrs []multiaddr.Multiaddr) (transfer.Channel, error)
	// Explain makes of an error what the user is told.
	Explain(error) Failure
}

const (
	// maxCommands is how many commands are answered at once; the next ones wait for their turn.
	maxCommands = 256
	// patience bounds each step of a request but for the making of a session, and each frame that a
	// command does not take.
	patience = 15 * time.Second
	// maxTimeout bounds the making of a session, whatever a request asks for.
	maxTimeout = 10 * time.Minute
	// channelIdle is how long a channel may be open without a request: longer than either end keeps one.
	channelIdle = 10 * time.Minute
)

// Server answers the commands of this machine.
type Server struct {
	Terminal Terminal
}

// Serve answers what comes to l until ctx is done, and closes l. It returns when every command has been
// answered or cut off.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var commands sync.WaitGroup
	defer commands.Wait()
	turn := make(chan struct{}, maxCommands)
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // out of file descriptors, as a rule: what waits is answered once there are some
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		turn <- struct{}{}
		commands.Go(func() {
			defer func() { <-turn }()
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			defer stop()
			defer conn.Close()
			s.answer(ctx, conn)
		})
	}
}

// answer answers one command. What goes wrong on the socket is the command's affair.
func (s *Server) answer(ctx context.Context, conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(patience))
	var r Request
	if readJSON(conn, blockRequest, &r) != nil {
		return
	}
	if r.Op == OpOpen {
		s.open(ctx, conn, r)
		return
	}
	reply, err := s.reply(r)
	_ = conn.SetDeadline(time.Now().Add(patience))
	if err != nil {
		s.fail(conn, err)
		return
	}
	if err := writeJSON(conn, blockReply, reply); errors.Is(err, errTooMuch) {
		s.fail(conn, err)
	}
}

// reply answers a request that has one answer.
func (s *Server) reply(r Request) (any, error) {
	switch r.Op {
	case OpHello:
		return s.Terminal.Hello(), nil
	case OpStatus:
		return s.Terminal.Status().short(), nil
	case OpReload:
		restart, err := s.Terminal.Reload()
		return Reloaded{Restart: restart}, err
	case OpPending:
		return s.Terminal.Pending()
	}
	return nil, fmt.Errorf("%w: operation %q", ErrProtocol, r.Op)
}

func (s *Server) fail(conn net.Conn, err error) {
	_ = writeJSON(conn, blockFailure, s.Terminal.Explain(err))
}

// open makes the connection a channel to another terminal.
func (s *Server) open(ctx context.Context, conn net.Conn, r Request) {
	id, addrs, err := r.target()
	if err != nil {
		s.fail(conn, err)
		return
	}
	wait, cancel := context.WithTimeout(ctx, r.timeout())
	defer cancel()
	stillThere := watch(conn, cancel)
	remote, err := s.Terminal.Open(wait, id, addrs)
	there := stillThere()
	_ = conn.SetDeadline(time.Now().Add(patience))
	switch {
	case err != nil:
		s.fail(conn, err)
	case !there || writeJSON(conn, blockReply, struct{}{}) != nil:
		remote.Reset()
	default:
		s.relay(newChannel(conn), remote)
	}
}

// watch calls gone once the command has gone away, which sends nothing until it is answered. What it returns
// ends that, and reports whether the command is still there.
func watch(conn net.Conn, gone func()) func() bool {
	_ = conn.SetReadDeadline(time.Time{})
	ended := make(chan bool, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		there := errors.Is(err, os.ErrDeadlineExceeded)
		if !there {
			gone()
		}
		ended <- there
	}()
	return func() bool {
		_ = conn.SetReadDeadline(time.Unix(1, 0))
		return <-ended
	}
}

// target reads whom an OpOpen is for.
func (r *Request) target() (id certauth.Identity, addrs []multiaddr.Multiaddr, err error) {
	if id, err = certauth.ParseIdentity(r.Identity); err != nil {
		return id, nil, err
	}
	if len(r.Addrs) > maxAddrs {
		return id, nil, fmt.Errorf("%w: %d addresses", ErrProtocol, len(r.Addrs))
	}
	for _, s := range r.Addrs {
		a, err := multiaddr.NewMultiaddr(s)
		if err != nil {
			return id, nil, err
		}
		addrs = append(addrs, a)
	}
	return id, addrs, nil
}

func (r *Request) timeout() time.Duration {
	if r.Timeout <= 0 || r.Timeout > maxTimeout.Milliseconds() {
		return maxTimeout
	}
	return time.Duration(r.Timeout) * time.Millisecond
}
