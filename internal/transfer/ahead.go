package transfer

import "context"

// ReadAhead asks for many files and handles the answers in the order of the requests, all on the caller's
// goroutine. Requests are sent ahead of the answers to earlier ones, so that a small file costs neither a
// round trip nor a goroutine.
//
// next gives the next request. Without wait it returns false when there is none at the moment; with wait,
// when nothing is under way, it may take its time, and false says that there are no more.
//
// handle is called once for each answer. It is given a Content, to be read to its end or closed within
// the call, or the *StatusError or *NameError that is in its place. An error of handle ends ReadAhead and
// the channel, and so does a Content that was not read to its end; the requests that handle has not been
// called for have then not been answered. So it is with any error of the channel, which ReadAhead
// returns.
func (c *Client) ReadAhead(ctx context.Context, next func(wait bool) (ReadRequest, bool), handle func(*Content, error) error) error {
	u, err := c.claim(ctx)
	if err != nil {
		return err
	}
	a := ahead{use: u, next: next}
	for err == nil {
		if err = a.fill(); err != nil || len(a.queue) == 0 {
			break
		}
		err = a.handleFirst(handle)
	}
	if err != nil {
		err = u.abandon(err) // whatever it is: there are answers on the channel that nobody reads
	}
	return u.release(err)
}

// ahead is the requests of one ReadAhead that are under way.
type ahead struct {
	use
	next  func(wait bool) (ReadRequest, bool)
	queue []asked
	bytes int // of the requests in the queue that have been sent
}

// asked is a request in its turn: sent, or refused by its name.
type asked struct {
	call  *call
	bytes int
	err   error // why it was not sent
}

// fill sends requests as long as there are any and there is room. It waits until there is room for many,
// which travel together.
func (a *ahead) fill() error {
	if len(a.queue) > maxAhead/2 {
		return nil
	}
	for len(a.queue) < maxAhead && a.bytes+maxRead <= maxAheadBytes {
		want, ok := a.next(len(a.queue) == 0)
		if !ok {
			break
		}
		r, err := want.request()
		if err != nil {
			a.queue = append(a.queue, asked{err: err})
			continue
		}
		c := &call{use: a.use, request: a.numbered(r), kept: true}
		if err := c.sendWith(a.ch.Hold); err != nil {
			return c.end(err)
		}
		sent := asked{call: c, bytes: readFields + len(r.share) + len(r.path)}
		a.bytes += sent.bytes
		a.queue = append(a.queue, sent)
	}
	return a.ch.Flush()
}

// handleFirst receives the answer that comes next and has it handled.
func (a *ahead) handleFirst(handle func(*Content, error) error) error {
	first := a.queue[0]
	a.queue = a.queue[1:]
	a.bytes -= first.bytes
	if first.err != nil {
		return handle(nil, first.err)
	}
	content, err := first.call.open()
	if err != nil {
		if !a.lives() {
			return err
		}
		return handle(nil, err)
	}
	err = handle(content, nil)
	_ = content.Close()
	if !a.lives() && err == nil {
		err = content.err
	}
	return err
}
