package node

import (
	"context"
	"errors"
	"time"

	libp2p "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/internal/discovery"
)

const (
	// headStart is what known addresses have before the network is asked. One that works has answered by
	// then, and a command that finds its terminal where it was leaves no trace on the network.
	headStart = 100 * time.Millisecond
	// patience is what the known terminals have before others are dialled: whoever is dialled sees this
	// terminal's certificate.
	patience = 500 * time.Millisecond
	// askFor is how long the network is asked. By then the question was sent three times.
	askFor = 4 * time.Second
	// askForRefused is that, when the terminal's own key has refused already: it will hardly be elsewhere.
	askForRefused = time.Second
	// maxAtOnce is how many of the others are dialled at a time.
	maxAtOnce = 4
)

// resolve finds the terminal of entry and meets it. The sources are the addresses of the entry, those of
// earlier sessions, and the local network (and, where there will be one, the DHT of the trust domain). All of
// it is hints: the first that leads to the terminal that proves the identity counts, and whoever proves
// another one leaves the search going on.
func (t *Terminal) resolve(ctx context.Context, h libp2p.Host, entry allowlist.Entry) (*link, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &search{t: t, ctx: ctx, host: h, candidates: newCandidates(entry, t.contacts(), h.ID())}
	s.outcomes = make(chan outcome)
	s.heard = make(chan peer.AddrInfo, 64)
	s.browsed = make(chan error, 1)
	return s.run()
}

// search is one resolve. All of it but the attempts runs in one goroutine.
type search struct {
	*candidates
	t    *Terminal
	ctx  context.Context // of the attempts and of browsing
	host libp2p.Host

	outcomes chan outcome
	heard    chan peer.AddrInfo // what the network tells; what is too much is dropped
	browsed  chan error         // the end of browsing

	network   NetworkSearch
	listening bool             // until browsing ends
	deadline  <-chan time.Time // of browsing, or of what is left of it after a refusal
	waited    bool             // patience is over
	expecting int              // attempts under way at terminals that may be expected to be the one
	exploring int              // and at others
	failures  failures
}

// outcome is what came of one attempt.
type outcome struct {
	candidate
	link *link
	err  error
}

func (s *search) run() (*link, error) {
	for _, c := range s.known() {
		s.attempt(c)
	}
	begin, bored := time.NewTimer(headStart), time.NewTimer(patience)
	defer begin.Stop()
	defer bored.Stop()
	for {
		if s.expecting == 0 && !s.network.Asked {
			s.browse()
		}
		s.explore()
		if s.expecting+s.exploring == 0 && !s.listening {
			return nil, s.failed()
		}
		select {
		case <-s.ctx.Done():
			return nil, s.failed()
		case <-s.t.ctx.Done():
			return nil, ErrClosed
		case <-begin.C:
			s.browse()
		case <-bored.C:
			s.waited = true
		case <-s.deadline:
			s.listening = false
		case err := <-s.browsed:
			s.listening, s.network.Deaf = false, errors.Is(err, discovery.ErrNoMulticast)
			s.t.deaf(err)
		case info := <-s.heard:
			if c, ok := s.hear(info); ok {
				s.attempt(c)
			}
		case o := <-s.outcomes:
			switch {
			case o.err == nil:
				return o.link, nil
			case s.ctx.Err() != nil:
				return nil, s.failed()
			}
			if s.take(o); s.failures.final != nil {
				return nil, s.failures.final
			}
		}
	}
}

// browse begins to ask the local network, unless that is done or not wanted.
func (s *search) browse() {
	if s.network.Asked || !s.t.cfg.Load().Discovery.MDNS {
		return
	}
	s.network.Asked, s.listening = true, true
	s.deadline = time.After(askFor)
	s.t.goroutines.start(func() {
		s.browsed <- discovery.Browse(s.ctx, s.t.identity.TrustDomain(), func(info peer.AddrInfo) {
			select {
			case s.heard <- info:
			default:
			}
		})
	})
}

// explore dials others than the expected, a few at a time, when the expected have had their chance.
func (s *search) explore() {
	for s.exploring < maxAtOnce && (s.waited || s.expecting == 0) {
		c, ok := s.next()
		if !ok {
			return
		}
		s.attempt(c)
	}
}

// attempt tries one candidate. An attempt that succeeds when the search is over is taken back.
func (s *search) attempt(c candidate) {
	s.under(c, 1)
	s.t.goroutines.start(func() {
		l, err := s.t.meet(s.ctx, s.host, s.entry.Identity, c.info)
		select {
		case s.outcomes <- outcome{c, l, err}:
		case <-s.ctx.Done():
			if err == nil {
				l.release()
			}
		}
	})
}

// under counts attempts that are under way.
func (s *search) under(c candidate, n int) {
	if c.source == fromStranger {
		s.exploring += n
		return
	}
	s.expecting += n
}

// take records a failed attempt. Where there is another key at a known address, that is dialled too: the
// exchange decides.
func (s *search) take(o outcome) {
	s.under(o.candidate, -1)
	if actual := otherKey(o.err); actual != "" && o.source <= fromBook && !o.rekeyed {
		o.info.ID, o.rekeyed = actual, true
		s.attempt(o.candidate)
	}
	refusedBefore := s.failures.refusedByExpected()
	s.failures.add(s.entry.Identity, o)
	if o.source == fromStranger && !errors.As(o.err, new(*unreachedError)) {
		s.network.Others++
	}
	if s.listening && !refusedBefore && s.failures.refusedByExpected() {
		s.deadline = time.After(askForRefused)
	}
}

// failed says how the search has failed: by the worst that is known of the terminal itself, or by not having
// found it.
func (s *search) failed() error {
	if err := s.failures.refused; err != nil {
		return err
	}
	if s.relayed != nil && len(s.addrs) == 0 {
		return s.relayed
	}
	e := &DialError{Identity: s.entry.Identity, Addrs: s.addrs, Network: s.network, Actual: s.failures.actual, Err: s.failures.unreached}
	if s.ctx.Err() != nil {
		e.Err = context.Cause(s.ctx)
	}
	return e
}
