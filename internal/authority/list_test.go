package authority

import (
	"bytes"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
)

// list signs a new one, which must succeed.
func (w *world) list(t *testing.T, o ListOptions) *certauth.CRL {
	t.Helper()
	list, err := w.SignList(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestListValidity(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ valid, want time.Duration }{
		{0, DefaultListValidity},
		{time.Hour, time.Hour},
		{0, time.Hour}, // as the one before
		{90 * 24 * time.Hour, 90 * 24 * time.Hour},
	} {
		w.later(time.Minute)
		list := w.list(t, ListOptions{Valid: c.valid})
		if list.Number() != uint64(w.time.Unix()) || !list.ThisUpdate().Equal(w.time) || !list.NextUpdate().Equal(w.time.Add(c.want)) {
			t.Errorf("asked for %v: number %d, from %s to %s", c.valid, list.Number(), list.ThisUpdate(), list.NextUpdate())
		}
	}
	if _, err := w.SignList(t.Context(), ListOptions{Valid: -time.Hour}); err == nil {
		t.Error("signed a list that ends before it begins")
	}
}

// A bundle has the current list, which is a new one after two thirds of its life.
func TestBundleHasFreshList(t *testing.T) {
	w := newWorld(t)
	w.later(time.Second)
	current := w.list(t, ListOptions{Valid: 30 * time.Hour})
	for _, c := range []struct {
		after time.Duration
		same  bool
	}{{0, true}, {20*time.Hour - time.Second, true}, {20 * time.Hour, false}} {
		w.time = current.ThisUpdate().Add(c.after)
		got := w.certify(t, newKeys(t), "acme.example/nas").Bundle.CRL
		if bytes.Equal(got, current.DER()) != c.same {
			t.Errorf("after %v the same list: %v", c.after, !c.same)
		}
	}
	renewed, err := w.authority.Root().OpenCRL(w.certify(t, newKeys(t), "acme.example/nas").Bundle.CRL, w.time)
	if err != nil || !renewed.ThisUpdate().Equal(w.time) || !renewed.NextUpdate().Equal(w.time.Add(30*time.Hour)) {
		t.Errorf("renewed list: %v, %v", renewed, err)
	}
}

// The number always rises, by the clock where that has gone on and by one where
// it has not, and never leads the clock by more than five minutes.
func TestA12NumberNeverGoesBack(t *testing.T) {
	w := newWorld(t)
	w.later(time.Hour)
	last := w.list(t, ListOptions{}).Number()
	for _, c := range []struct {
		turn time.Duration
		want uint64 // 0: ErrClock
	}{
		{0, last + 1},
		{0, last + 2},
		{500 * time.Millisecond, last + 3},
		{-time.Minute, last + 4},
		{time.Hour, uint64(start.Add(2*time.Hour - time.Minute).Unix())},
		{-30 * 24 * time.Hour, 0},
		{30*24*time.Hour - 5*time.Minute, 0},
		{time.Second, uint64(start.Add(2*time.Hour-time.Minute).Unix()) + 1},
	} {
		w.later(c.turn)
		before := content(t, w.config.Dir)
		list, err := w.SignList(t.Context(), ListOptions{})
		if c.want == 0 {
			if !errors.Is(err, ErrClock) || content(t, w.config.Dir) != before {
				t.Errorf("clock turned by %v: %v, %v", c.turn, list, err)
			}
			continue
		}
		if err != nil || list.Number() != c.want {
			t.Errorf("clock turned by %v: %v, want number %d, %v", c.turn, list, c.want, err)
		}
	}
}

// With the clock behind, nothing is signed at all, and nothing half done.
func TestA12ClockBehind(t *testing.T) {
	w := newWorld(t)
	w.certify(t, newKeys(t), "acme.example/nas")
	w.later(-time.Hour)
	before := content(t, w.config.Dir)
	if _, err := w.Sign(t.Context(), newKeys(t).request(t, certauth.Identity{}), id(t, "acme.example/b"), time.Hour); !errors.Is(err, ErrClock) {
		t.Errorf("sign: %v", err)
	}
	if _, err := w.RevokeIdentity(t.Context(), id(t, "acme.example/nas"), ""); !errors.Is(err, ErrClock) {
		t.Errorf("revoke: %v", err)
	}
	if content(t, w.config.Dir) != before {
		t.Error("something changed all the same")
	}
}

// A clock that was ahead once does not block the authority until then.
func TestA12ClockWasAhead(t *testing.T) {
	w := newWorld(t)
	w.certify(t, newKeys(t), "acme.example/nas")
	w.later(10 * time.Minute)
	if _, err := w.SignList(t.Context(), ListOptions{ClockWasAhead: true}); !errors.Is(err, ErrClock) {
		t.Errorf("said of a list that is not ahead: %v", err)
	}
	w.later(5000 * time.Hour)
	w.revoke(t, "acme.example/nas")
	w.later(-5000 * time.Hour)
	if _, err := w.SignList(t.Context(), ListOptions{}); !errors.Is(err, ErrClock) {
		t.Errorf("unsaid: %v", err)
	}
	list := w.list(t, ListOptions{ClockWasAhead: true})
	if list.Number() != uint64(w.time.Unix()) {
		t.Errorf("number %d, want %d", list.Number(), w.time.Unix())
	}
	w.certify(t, newKeys(t), "acme.example/b")

	// The identity was cut off until a time to come, and waits for it. That is not for the lists to repair.
	if _, err := w.Sign(t.Context(), newKeys(t).request(t, certauth.Identity{}), id(t, "acme.example/nas"), time.Hour); !errors.Is(err, ErrRevokedAhead) || !errors.Is(err, ErrClock) {
		t.Errorf("certified before its cutoff: %v", err)
	}
}

func TestListsConcurrently(t *testing.T) {
	w := newWorld(t)
	second := unlocked(t, w.config)
	var mu sync.Mutex
	seen := make(map[uint64]bool)
	var wg sync.WaitGroup
	for _, s := range []*Signer{w.Signer, second, w.Signer, second} {
		wg.Go(func() {
			for range 8 {
				list, err := s.SignList(t.Context(), ListOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if seen[list.Number()] {
					t.Errorf("two lists with number %d", list.Number())
				}
				seen[list.Number()] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}
