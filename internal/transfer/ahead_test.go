package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"

	"github.com/certexch/certexch/internal/channeltest"
	"github.com/certexch/certexch/protocol"
)

// asking gives requests one after the other, all of them at once.
func asking(paths ...string) func(bool) (ReadRequest, bool) {
	return func(bool) (ReadRequest, bool) {
		if len(paths) == 0 {
			return ReadRequest{}, false
		}
		path := paths[0]
		paths = paths[1:]
		return ReadRequest{Share: "docs", Path: path}, true
	}
}

// Many files of every size come in the order in which they were asked for, between them what is not
// there and what is no name; and the client goes on afterwards.
func TestReadAhead(t *testing.T) {
	files := memory{}
	var paths []string
	for i := range 300 {
		path := fmt.Sprintf("f%d", i)
		files["docs/"+path] = pattern([]int{0, 1, 4096, protocol.FramePayload, 3*protocol.FramePayload + 5}[i%5])
		paths = append(paths, path, "missing", "../bad")
	}
	client, _ := serve(t, newServer(files))
	n := 0
	err := client.ReadAhead(context.Background(), asking(paths...), func(c *Content, err error) error {
		path := paths[n]
		n++
		switch path {
		case "missing":
			if !errors.Is(err, fs.ErrNotExist) || c != nil {
				t.Errorf("%d: %v", n, err)
			}
		case "../bad":
			if !errors.As(err, new(*NameError)) || c != nil {
				t.Errorf("%d: %v", n, err)
			}
		default:
			var got bytes.Buffer
			if err == nil {
				_, err = c.WriteTo(&got)
			}
			if err != nil || !bytes.Equal(got.Bytes(), files["docs/"+path]) || c.Entry().Name != path {
				t.Errorf("%d: %s is %d bytes, %v", n, path, got.Len(), err)
			}
		}
		return nil
	})
	if err != nil || n != len(paths) {
		t.Fatalf("%d of %d answers, %v", n, len(paths), err)
	}
	if _, err := client.Stat(context.Background(), "docs", "f1"); err != nil {
		t.Error(err)
	}
}

// Requests leave before the first answer, no more of them than a server must keep, and none is asked for
// with patience while another is under way.
func TestReadAheadSendsAhead(t *testing.T) {
	client := script(t, func(p *scripted) {
		var ids []uint32
		for range maxAhead { // the client would wait for ever if it sent fewer
			r, ok := p.request()
			if !ok {
				return
			}
			ids = append(ids, r.id)
		}
		for _, id := range ids {
			p.answer(id, failureAnswer{StatusNotFound})
		}
		for range 2 * maxAhead {
			if r, ok := p.request(); ok {
				p.answer(r.id, failureAnswer{StatusNotFound})
			}
		}
	})
	asked, answered := 0, 0
	next := func(wait bool) (ReadRequest, bool) {
		if wait != (asked == answered) {
			t.Errorf("wait is %v with %d under way", wait, asked-answered)
		}
		if asked == 3*maxAhead {
			return ReadRequest{}, false
		}
		asked++
		return ReadRequest{Share: "docs", Path: "f"}, true
	}
	err := client.ReadAhead(context.Background(), next, func(*Content, error) error {
		if asked-answered > maxAhead {
			t.Errorf("%d requests under way", asked-answered)
		}
		answered++
		return nil
	})
	if err != nil || answered != 3*maxAhead {
		t.Errorf("%d answers, %v", answered, err)
	}
}

// Long names find room too: what is sent ahead is bounded in bytes.
func TestReadAheadBoundsBytes(t *testing.T) {
	long := string(bytes.Repeat([]byte("abcdefg/"), 500)) + "f"
	client, _ := serve(t, newServer(memory{"docs/" + long: pattern(1 << 20)}))
	paths := make([]string, 40)
	for i := range paths {
		paths[i] = long
	}
	asked, answered, most := 0, 0, 0
	next := asking(paths...)
	err := client.ReadAhead(context.Background(), func(wait bool) (ReadRequest, bool) {
		r, ok := next(wait)
		if ok {
			asked++
			most = max(most, asked-answered)
		}
		return r, ok
	}, func(c *Content, err error) error {
		if err == nil {
			_, err = c.WriteTo(io.Discard)
		}
		answered++
		return err
	})
	if each := len(requestBytes(request{op: opRead, share: "docs", path: long})); err != nil || answered != len(paths) || most > maxAheadBytes/each {
		t.Errorf("%d answers, %d at once, %v", answered, most, err)
	}
	if n := len(requestBytes(request{op: opRead, share: "docs", path: long, ifVersion: new([16]byte)})); n != readFields+len("docs")+len(long) {
		t.Errorf("a request with a version is of %d bytes", n)
	}
}

// What ends the channel ends the call: an error of the handler, even one that would not elsewhere, a
// content that is not read, a server that answers another request, and a context.
func TestReadAheadEnds(t *testing.T) {
	files := memory{"docs/a": pattern(1), "docs/b": pattern(1 << 20)}
	refused := &StatusError{Status: StatusNotFound}
	for name, handle := range map[string]func(*Content, error) error{
		"the handler fails":     func(c *Content, _ error) error { _, err := c.WriteTo(io.Discard); return errors.Join(err, refused) },
		"a content is left":     func(*Content, error) error { return nil },
		"a content is given up": func(c *Content, _ error) error { return c.Close() },
	} {
		client, _ := serve(t, newServer(files))
		calls := 0
		err := client.ReadAhead(context.Background(), asking("a", "b"), func(c *Content, err error) error {
			calls++
			return handle(c, err)
		})
		if err == nil || calls != 1 {
			t.Errorf("%s: %d calls, %v", name, calls, err)
		}
		if _, err := client.Stat(context.Background(), "docs", "a"); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: a later call gives %v", name, err)
		}
	}

	lying := script(t, func(p *scripted) {
		p.request()
		p.request()
		p.answer(1, failureAnswer{StatusNotFound})
	})
	err := lying.ReadAhead(context.Background(), asking("a", "b"), func(*Content, error) error { t.Error("handled"); return nil })
	if !errors.Is(err, ErrViolation) {
		t.Errorf("answers out of order: %v", err)
	}

	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	near, far := channeltest.Pair(t)
	serveOn(t, newServer(files), far)
	client := NewClient(near, patience)
	err = client.ReadAhead(ctx, asking("a", "b", "b"), func(c *Content, err error) error {
		cancel(cause)
		if err == nil {
			_, err = io.Copy(io.Discard, c)
		}
		return err
	})
	if !errors.Is(err, cause) {
		t.Errorf("cancelled: %v", err)
	}
}

// BenchmarkReadAhead is one small file of many.
func BenchmarkReadAhead(b *testing.B) {
	client, _ := serve(b, newServer(memory{"docs/file": pattern(4096)}))
	over := false
	next := func(bool) (ReadRequest, bool) {
		over = over || !b.Loop()
		return ReadRequest{Share: "docs", Path: "file"}, !over
	}
	b.SetBytes(4096)
	err := client.ReadAhead(context.Background(), next, func(c *Content, err error) error {
		if err == nil {
			_, err = c.WriteTo(io.Discard)
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}
