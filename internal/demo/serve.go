package demo

import (
	"context"
	"errors"
	"time"

	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/node"
)

// serve has first serve, and waits for its addresses.
func (s *stage) serve(ctx context.Context) error {
	s.step("The first serves, and prints where it is.")
	s.commands("certexch --home first serve &", "certexch --home first id")
	if err := s.makeFiles(); err != nil {
		return err
	}
	t, err := s.first.terminal()
	if err != nil {
		return err
	}
	serving, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- t.Run(serving) }()
	s.stop = func() error { cancel(); return <-ended }
	addrs, err := waitForAddresses(ctx, s.first.home, ended)
	if err != nil {
		return err
	}
	for _, a := range addrs {
		s.found("%s", a)
	}
	s.found("It serves %s as the share %q, and a large file as %q.", s.Dir, filesShare, bulkShare)
	return nil
}

// terminal is the actor as a running terminal.
func (a *actor) terminal() (*node.Terminal, error) {
	cfg, err := node.Load(a.home.Config)
	if err != nil {
		return nil, err
	}
	return node.New(a.home, cfg, node.System(nil))
}

// startTime is how long a terminal may take to listen.
const startTime = 10 * time.Second

// waitForAddresses asks, as `certexch id` does, until the terminal of home serves or has ended.
func waitForAddresses(ctx context.Context, home node.Home, ended chan error) ([]multiaddr.Multiaddr, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, errors.New("the first terminal did not begin to serve"))
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		addrs, err := node.Addresses(home)
		if err != nil || len(addrs) > 0 {
			return addrs, err
		}
		select {
		case <-again.C:
		case err := <-ended:
			ended <- err // for stop
			return nil, err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// register has first and second register each other, and third register first, on its own.
func (s *stage) register(ctx context.Context) error {
	s.step("The first and the second register each other. The third registers the first, which does not know it.")
	s.commands("certexch --home first allow add "+s.second.identity.String(),
		"certexch --home second allow add "+s.first.identity.String()+" --addr ADDRESS",
		"certexch --home third allow add "+s.first.identity.String()+" --addr ADDRESS")
	addrs, err := node.Addresses(s.first.home)
	if err != nil {
		return err
	}
	first := allowlist.Entry{Identity: s.first.identity, Addrs: addrs}
	return errors.Join(
		s.first.allow(ctx, allowlist.Entry{Identity: s.second.identity}),
		s.second.allow(ctx, first),
		s.third.allow(ctx, first))
}

func (a *actor) allow(ctx context.Context, entry allowlist.Entry) error {
	return allowlist.NewStore(a.home.Allowlist()).Add(ctx, entry)
}
