package protocol

import (
	"context"
	"io"
	"math"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
)

// B5: from the moment of a refusal nobody can tell which check failed. Certificates that are refused
// before, at and after the verification of signatures are shown in turn; Welch's t-test must not tell
// their times apart.
func TestB5RefusalTiming(t *testing.T) {
	if !long {
		t.Skip("takes two minutes on a machine that does nothing else: .ci/long sets CERTEXCH_LONG for it")
	}
	const samples = 2000
	const outlier = 5 * time.Millisecond // then the machine was busy otherwise
	w := newWorld(t)
	strangers := w.strangers(t)
	classes := []string{"no certificate", "of another authority", "expired", "revoked"}
	times := make(map[string]*moments)
	for _, class := range classes {
		times[class] = new(moments)
	}
	for range samples {
		for _, class := range classes {
			if took := w.refusalTime(t, strangers[class]); took < RefusalStep+outlier {
				times[class].add(took.Seconds())
			}
		}
	}
	for n, a := range classes {
		for _, b := range classes[n+1:] {
			score := welch(times[a], times[b])
			t.Logf("%s (%.0f samples) and %s (%.0f): t = %.2f", a, times[a].n, b, times[b].n, score)
			if math.Abs(score) >= 4.5 {
				t.Errorf("%s and %s can be told apart", a, b)
			}
		}
	}
}

// refusalTime is how long the stranger waits for REFUSED.
func (w *world) refusalTime(t *testing.T, s stranger) time.Duration {
	m1, _, err := w.defiant(t, NewInitiator, s, w.b).Step(nil)
	check(t, err)
	r := w.responder(t, func(c *Config) { c.Peer = publicKey(s.Terminal) })
	r.cfg.Roots = func() *certauth.Roots { return s.roots }
	near, far := newPipe()
	running := start(context.Background(), far, r)
	begun := time.Now()
	_, err = near.Write(m1)
	check(t, err)
	_, err = io.ReadFull(near, make([]byte, len(refused)))
	took := time.Since(begun)
	check(t, err)
	check(t, near.CloseWrite())
	running()
	return took
}

// moments are mean and variance as they grow (Welford).
type moments struct{ n, mean, squares float64 }

func (m *moments) add(x float64) {
	m.n++
	d := x - m.mean
	m.mean += d / m.n
	m.squares += d * (x - m.mean)
}

func welch(a, b *moments) float64 {
	return (a.mean - b.mean) / math.Sqrt(a.squares/(a.n-1)/a.n+b.squares/(b.n-1)/b.n)
}
