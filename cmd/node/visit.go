package main

import (
	"context"
	"errors"
	"sync"

	"github.com/multiformats/go-multiaddr"
	"github.com/spf13/cobra"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/control"
	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/node"
)

// visit is one command's dealings with other terminals: through the sessions of the terminal that runs
// here, if one does, and else as a terminal of its own. Each is met once, however many of its files are
// named.
type visit struct {
	env   *environment
	self  certauth.Identity
	mu    sync.Mutex // of what follows, up to met
	way   meet
	own   bool // not through the terminal that runs here
	end   func()
	met   map[certauth.Identity]bool // who has answered
	addrs []multiaddr.Multiaddr      // of --addr; none: wherever the terminal is found
	peers map[certauth.Identity]*transfer.Pool
}

// meet opens a channel to a terminal.
type meet func(context.Context, certauth.Identity, []multiaddr.Multiaddr) (transfer.Channel, error)

// addrFlag adds --addr to a command that visits.
func addrFlag(cmd *cobra.Command) *[]string {
	return cmd.Flags().StringArray("addr", nil, "where to find the terminal, if it is not connected: a `multiaddr` with /p2p/; may be repeated (default: what allow add --addr has noted, where it was met before, and the local network)")
}

func (e *environment) visit(ctx context.Context, addrs []string) (*visit, error) {
	parsed, err := parseAddrs(addrs)
	if err != nil {
		return nil, err
	}
	v := newVisit(e)
	v.addrs = parsed
	if v.throughRunning(ctx) {
		return v, nil
	}
	return v, v.alone()
}

func newVisit(e *environment) *visit {
	return &visit{env: e, met: make(map[certauth.Identity]bool), peers: make(map[certauth.Identity]*transfer.Pool)}
}

// throughRunning makes the visit through the terminal that runs here, if one does and lets us.
func (v *visit) throughRunning(ctx context.Context) bool {
	running, err := v.env.running()
	if err != nil {
		return false
	}
	hello, err := running.Hello(ctx)
	if err != nil || hello.Version != node.Version {
		return false
	}
	if v.self, err = certauth.ParseIdentity(hello.Identity); err != nil {
		return false
	}
	v.way, v.end = running.Open, func() {}
	return true
}

// meet opens a channel to a terminal. When the terminal that runs here has been stopped meanwhile, the visit
// goes on without it, or, where it cannot, fails with control.ErrNotRunning.
func (v *visit) meet(ctx context.Context, id certauth.Identity) (transfer.Channel, error) {
	v.mu.Lock()
	way := v.way
	v.mu.Unlock()
	ch, err := way(ctx, id, v.addrs)
	if !errors.Is(err, control.ErrNotRunning) {
		return ch, err
	}
	if way, alone := v.goOnAlone(); alone == nil {
		return way(ctx, id, v.addrs)
	}
	return nil, err
}

// goOnAlone makes the visit one of its own, unless another call has done so. It fails for whom the socket was
// all that he could use of the home of the terminal that ran here.
func (v *visit) goOnAlone() (meet, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.own {
		return v.way, nil
	}
	err := v.alone()
	return v.way, err
}

// alone makes the visit as a terminal that listens nowhere.
func (v *visit) alone() error {
	t, err := v.env.ready()
	if err != nil {
		return err
	}
	v.self = t.Identity()
	v.own = true
	v.way = func(ctx context.Context, id certauth.Identity, addrs []multiaddr.Multiaddr) (transfer.Channel, error) {
		return t.Open(ctx, id, addrs...)
	}
	v.end = func() { _ = t.Close() }
	return nil
}

func (v *visit) close() {
	for _, p := range v.peers {
		p.Close()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.end()
}

func (v *visit) trustDomain() certauth.TrustDomain { return v.self.TrustDomain() }

// hasMet reports whether the terminal has answered this visit, so that it is there, or was.
func (v *visit) hasMet(id certauth.Identity) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.met[id]
}

// files reads remote paths of files.
func (v *visit) files(args []string) ([]location, error) {
	files, err := v.locations(args)
	if err != nil {
		return nil, err
	}
	for i, l := range files {
		if l.path == "" {
			return nil, cli.Usagef("%q is a whole share: name a file in it, like %s/readme.txt, or fetch all of it with get -r", args[i], l)
		}
	}
	return files, nil
}

// locations reads remote paths of shares, and of what is in them.
func (v *visit) locations(args []string) ([]location, error) {
	files := make([]location, len(args))
	for i, arg := range args {
		l, err := parseFile(v.trustDomain(), arg)
		if err != nil {
			return nil, err
		}
		switch {
		case i > 0 && len(v.addrs) > 0 && l.identity != files[0].identity:
			return nil, cli.Usagef("--addr is where one terminal is, and the paths name several")
		}
		files[i] = l
	}
	return files, nil
}

// peer returns the terminal id. It is met when it is first asked for something, and again when the
// connection to it has been lost.
func (v *visit) peer(id certauth.Identity) *transfer.Pool {
	if p, known := v.peers[id]; known {
		return p
	}
	open := func(ctx context.Context) (transfer.Channel, error) {
		ctx, cancel := context.WithTimeout(ctx, v.env.timeout)
		defer cancel()
		ch, err := v.meet(ctx, id)
		if err == nil {
			v.mu.Lock()
			v.met[id] = true
			v.mu.Unlock()
		}
		return ch, err
	}
	p := transfer.NewPool(open, v.env.timeout)
	v.peers[id] = p
	return p
}
