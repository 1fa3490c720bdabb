package protocol

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/certexch/certexch/certauth"
)

// ended is how an exchange over a transport came out for one side.
type ended struct {
	session *Session
	err     error
	took    time.Duration
}

// start runs one side of an exchange.
func start(ctx context.Context, t Transport, m *Machine) func() ended {
	var e ended
	var running sync.WaitGroup
	begun := time.Now()
	running.Go(func() {
		e.session, e.err = exchange(ctx, t, m)
		e.took = time.Since(begun)
	})
	return func() ended {
		running.Wait()
		return e
	}
}

func TestExchangeOverTransports(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		near, far := newPipe()
		ctx, cancel := context.WithCancel(t.Context())
		i, r := start(ctx, near, w.initiator(t)), start(ctx, far, w.responder(t))
		check(t, errors.Join(i().err, r().err))
		cancel() // no longer of any importance
		time.Sleep(2 * ExchangeTimeout)
		_, err := near.Write([]byte("on"))
		check(t, err)
		_, err = io.ReadFull(far, make([]byte, 2))
		check(t, err)
	})
}

// knock says msg to a responder over a transport, and tells all that comes back: bytes, when they came
// and when the stream ended, and how.
func knock(t *testing.T, m *Machine, msg []byte) (k struct {
	answer         []byte
	answered, over time.Duration
	end            error
}) {
	synctest.Test(t, func(t *testing.T) {
		near, far := newPipe()
		r := start(t.Context(), far, m)
		begun := time.Now()
		_, err := near.Write(msg)
		check(t, err)
		k.answer = make([]byte, len(refused))
		_, err = io.ReadFull(near, k.answer)
		check(t, err)
		k.answered = time.Since(begun)
		more, err := io.ReadAll(near)
		k.answer, k.end = append(k.answer, more...), err
		if e := r(); e.session != nil {
			t.Error("a session")
		}
		k.over = time.Since(begun)
		if _, err := near.Write(msg); err != errReset {
			t.Errorf("the stream is not gone: %v", err)
		}
	})
	return k
}

// Whatever is wrong with whoever knocks, they see the same: three bytes at the same moment, and the
// end of the stream in the same way. With private that holds for members, too.
func TestB4RefusalsLookTheSame(t *testing.T) {
	w := newWorld(t)
	good := w.recorded(t)[flowM1]
	knocks := map[string]struct {
		machine *Machine
		msg     []byte
	}{
		"a member, private":    {w.responder(t, private, unregistered), good},
		"a forged signature":   {w.responder(t), append(good[:len(good)-1:len(good)-1], good[len(good)-1]^1)},
		"a message too long":   {w.responder(t), []byte{1, 0xff, 0xff}},
		"an unknown message":   {w.responder(t), []byte{77, 0, 0}},
		"not M1":               {w.responder(t), w.recorded(t)[flowM3]},
		"an empty M1":          {w.responder(t), []byte{1, 0, 0}},
		"a stolen certificate": {w.responder(t, func(c *Config) { c.Peer = publicKey(w.b) }), good},
	}
	for name, s := range w.strangers(t) {
		m1, _, err := w.defiant(t, NewInitiator, s, w.b).Step(nil)
		check(t, err)
		r := w.responder(t, func(c *Config) { c.Peer = publicKey(s.Terminal) })
		r.cfg.Roots = func() *certauth.Roots { return s.roots }
		knocks[name] = struct {
			machine *Machine
			msg     []byte
		}{r, m1}
	}
	for name, c := range knocks {
		k := knock(t, c.machine, c.msg)
		if !bytes.Equal(k.answer, refused) || k.end != nil || k.answered != RefusalStep || k.over != RefusalStep+drainTimeout {
			t.Errorf("%s: %x after %v, %v after %v", name, k.answer, k.answered, k.end, k.over)
		}
	}
}

// However long a check takes, its refusal leaves on the grid.
func TestB5Grid(t *testing.T) {
	w := newWorld(t)
	good := w.recorded(t)[flowM1]
	for took, want := range map[time.Duration]time.Duration{
		0:                              RefusalStep,
		3 * time.Millisecond:           RefusalStep,
		RefusalStep - time.Microsecond: RefusalStep,
		RefusalStep + time.Microsecond: 2 * RefusalStep,
		5*RefusalStep + RefusalStep/2:  6 * RefusalStep,
	} {
		m := w.responder(t, private)
		m.cfg.Registered = func(*certauth.Certificate) bool {
			time.Sleep(took)
			return false
		}
		if k := knock(t, m, good); k.answered != want {
			t.Errorf("refused after a check of %v at %v", took, k.answered)
		}
	}
}

// C1: a peer that says nothing, too little or too slowly costs ten seconds, no more.
func TestC1SlowPeer(t *testing.T) {
	w := newWorld(t)
	good := w.recorded(t)[flowM1]
	for name, say := range map[string]func(*pipe){
		"nothing":         func(*pipe) {},
		"half a message":  func(p *pipe) { _, _ = p.Write(good[:len(good)/2]) },
		"a byte a second": func(p *pipe) { drip(p, good) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := newPipe()
				r := start(t.Context(), far, w.responder(t))
				say(near)
				e := r()
				reasonOf(t, e.err, Interrupted)
				if !errors.Is(e.err, os.ErrDeadlineExceeded) || e.took != ExchangeTimeout {
					t.Errorf("%v after %v", e.err, e.took)
				}
			})
		})
	}
}

func drip(p *pipe, msg []byte) {
	for _, b := range msg {
		if _, err := p.Write([]byte{b}); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// Each of the two ends when its caller wants it to, in whatever it waits for.
func TestCancel(t *testing.T) {
	w := newWorld(t)
	enough := errors.New("enough")
	for name, m := range map[string]*Machine{"initiator": w.initiator(t), "responder": w.responder(t)} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			near, far := newPipe()
			running := start(ctx, far, m)
			time.Sleep(time.Second)
			cancel(enough)
			if e := running(); e.err != enough || e.took != time.Second {
				t.Errorf("%s: %v after %v", name, e.err, e.took)
			}
			if _, err := near.Write([]byte{1}); err != errReset {
				t.Errorf("%s: the stream is still there: %v", name, err)
			}
		})
	}
}

// The peer goes away in the middle.
func TestPeerGone(t *testing.T) {
	w := newWorld(t)
	m2 := w.recorded(t)[flowM2]
	for name, go_ := range map[string]func(*pipe){
		"ends":                     func(p *pipe) { _ = p.CloseWrite() },
		"ends in a message":        func(p *pipe) { _, _ = p.Write(m2[:100]); _ = p.CloseWrite() },
		"resets":                   func(p *pipe) { _ = p.Reset() },
		"resets in a message":      func(p *pipe) { _, _ = p.Write(m2[:100]); _ = p.Reset() },
		"resets before it has all": func(p *pipe) { _, _ = p.Read(make([]byte, 1)); _ = p.Reset() },
	} {
		synctest.Test(t, func(t *testing.T) {
			near, far := newPipe()
			i := start(t.Context(), near, w.initiator(t))
			go_(far)
			e := i()
			if got := reasonOf(t, e.err, Interrupted); got.ByPeer || e.took != 0 {
				t.Errorf("%s: %+v after %v", name, got, e.took)
			}
		})
	}
}

// A refusal is not answered.
func TestRefusalOverTransports(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		near, far := newPipe()
		i, r := start(t.Context(), near, w.initiator(t)), start(t.Context(), far, w.responder(t, private, unregistered))
		reasonOf(t, r().err, NotRegisteredHere)
		if got := reasonOf(t, i().err, Refused); !got.ByPeer {
			t.Errorf("got %+v", got)
		}
		if said := messages(near.out.tap); len(said) != 1 {
			t.Errorf("the refused side said %d messages", len(said))
		}
		if took := i().took; took != RefusalStep {
			t.Errorf("refused after %v", took)
		}
	})
}

// A length that is too large is refused like anything else, to an initiator as well.
func TestC5LengthOverTransports(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		near, far := newPipe()
		i := start(t.Context(), near, w.initiator(t))
		_, err := far.Write(binary.BigEndian.AppendUint16([]byte{2}, MaxMessage))
		check(t, err)
		reasonOf(t, i().err, BadMessage)
		said := messages(near.out.tap)
		if len(said) != 2 || !bytes.Equal(said[1], refused) {
			t.Errorf("said %d messages", len(said))
		}
	})
}
