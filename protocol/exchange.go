package protocol

import (
	"context"
	"errors"
	"io"
	"runtime"
	"time"
)

const (
	// drainTimeout is how long a side that refused waits for the peer to take the refusal.
	drainTimeout = time.Second
	// timerSlack is more than the runtime's timers are late.
	timerSlack = 1500 * time.Microsecond
)

// exchange runs a machine over t, bounded by ctx and ExchangeTimeout. When it returns an error, t has
// been given up.
func exchange(ctx context.Context, t Transport, m *Machine) (*Session, error) {
	stop := bound(ctx, t)
	session, err := steps(t, m)
	if err == nil {
		err = unbound(t)
	}
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = t.Reset()
		return nil, interrupted(ctx, err)
	}
	return session, nil
}

// bound ends t when ctx ends or the time for an exchange is over. stop takes ctx off t again, and
// reports whether it was in time.
func bound(ctx context.Context, t Transport) (stop func() bool) {
	deadline := time.Now().Add(ExchangeTimeout)
	_ = t.SetReadDeadline(deadline)
	_ = t.SetWriteDeadline(deadline)
	return context.AfterFunc(ctx, func() { _ = t.Reset() })
}

// unbound takes the deadlines off t.
func unbound(t Transport) error {
	return errors.Join(t.SetReadDeadline(time.Time{}), t.SetWriteDeadline(time.Time{}))
}

// steps feeds the machine until the exchange is complete or has failed.
func steps(t Transport, m *Machine) (*Session, error) {
	if m.role == Initiator {
		if _, err := step(t, m, nil); err != nil {
			return nil, err
		}
	}
	for {
		msg, err := ReadMessage(t)
		if err != nil {
			if isRefusal(err) {
				_ = refuseOver(t, time.Now())
			}
			return nil, err
		}
		session, err := step(t, m, msg)
		if err != nil || session != nil {
			return session, err
		}
	}
}

// step lets the machine take msg, and sends what it answers.
func step(t Transport, m *Machine, msg []byte) (*Session, error) {
	arrived := time.Now()
	out, session, err := m.Step(msg)
	if err != nil {
		if len(out) > 0 {
			_ = refuseOver(t, arrived)
		}
		return nil, err
	}
	if len(out) > 0 {
		_, err = t.Write(out)
	}
	if err != nil {
		return nil, err
	}
	return session, nil
}

// refuseOver sends REFUSED on the grid of RefusalStep, so that its moment does not tell which check
// failed, and waits for the peer to take it: a connection that is closed at once may throw it away.
func refuseOver(t Transport, arrived time.Time) error {
	await(time.Now().Add(RefusalStep - time.Since(arrived)%RefusalStep))
	if _, err := t.Write(refused); err != nil {
		return err
	}
	if err := t.CloseWrite(); err != nil {
		return err
	}
	if err := t.SetReadDeadline(time.Now().Add(drainTimeout)); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, io.LimitReader(t, MaxMessage))
	return err
}

// await returns at moment, to the microsecond. The runtime's timers are good to a millisecond, and how
// late they are depends on when they were set, which is what must not show: the last part is waited
// for awake.
func await(moment time.Time) {
	time.Sleep(time.Until(moment) - timerSlack)
	for now := time.Now(); now.Before(moment); {
		before := now
		runtime.Gosched()
		if now = time.Now(); now.Equal(before) { // the clock moves only while one sleeps: a test's
			time.Sleep(time.Until(moment))
		}
	}
}

func isRefusal(err error) bool {
	var r *RefusedError
	return errors.As(err, &r)
}

// interrupted gives an error of the transport its reason; refusals keep theirs, and what the caller
// ended is the caller's.
func interrupted(ctx context.Context, err error) error {
	switch {
	case isRefusal(err):
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return &RefusedError{Reason: Interrupted, Err: err}
}
