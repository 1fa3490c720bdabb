package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/certexch/certexch/protocol"
)

// honest is the head and the end of an answer with content.
func honest(content []byte) (headAnswer, endAnswer) {
	head := headAnswer{Entry{Size: uint64(len(content)), ModTime: modTime}}
	return head, endAnswer{uint64(len(content)), hashOf(content)}
}

// D9: whatever a lying server sends in place of a file, the reader gets an error that says so and
// never the end of a file.
func TestD9LyingServer(t *testing.T) {
	content := pattern(protocol.FramePayload + 10)
	first, second := content[:protocol.FramePayload], content[protocol.FramePayload:]
	head, end := honest(content)
	for name, lie := range map[string]func(p *scripted, id uint32){
		"less than declared": func(p *scripted, id uint32) {
			_, shortEnd := honest(first)
			p.answer(id, head)
			p.content(first)
			p.answer(id, shortEnd)
		},
		"more than declared": func(p *scripted, id uint32) {
			p.answer(id, head)
			p.content(first)
			p.content(second)
			p.content(second)
			p.answer(id, end)
		},
		"endless": func(p *scripted, id uint32) {
			p.answer(id, head)
			for range 1000 {
				p.content(first)
			}
		},
		"another hash": func(p *scripted, id uint32) {
			p.answer(id, head)
			p.content(first)
			p.content(second)
			p.answer(id, endAnswer{end.total, hashOf(first)})
		},
		"another content": func(p *scripted, id uint32) {
			p.answer(id, head)
			p.content(first)
			p.content(make([]byte, len(second)))
			p.answer(id, end)
		},
		"another total": func(p *scripted, id uint32) {
			p.answer(id, head)
			p.content(first)
			p.content(second)
			p.answer(id, endAnswer{end.total + 1, end.hash})
		},
		"single bytes": func(p *scripted, id uint32) {
			p.answer(id, head)
			for i := range content {
				p.content(content[i : i+1])
			}
			p.answer(id, end)
		},
		"empty frames": func(p *scripted, id uint32) {
			p.answer(id, head)
			p.content(nil)
			p.content(first)
			p.content(second)
			p.answer(id, end)
		},
		"no end": func(p *scripted, id uint32) {
			p.answer(id, head)
			p.content(first)
			p.content(second)
			_ = p.ch.CloseSend()
		},
		"cut at a frame": func(p *scripted, id uint32) {
			p.answer(id, head)
			p.content(first)
			_ = p.ch.CloseSend()
		},
		"the end of another answer": func(p *scripted, id uint32) {
			p.answer(id, head)
			p.content(first)
			p.content(second)
			p.answer(id+1, end)
		},
		"a failure of another answer": func(p *scripted, id uint32) {
			p.answer(id, head)
			p.answer(id+1, failureAnswer{StatusChanged})
		},
		"a second head": func(p *scripted, id uint32) {
			p.answer(id, head)
			p.answer(id, head)
		},
		"garbage in place of the end": func(p *scripted, id uint32) {
			p.answer(id, head)
			p.content(first)
			p.content(second)
			p.message([]byte("garbage"))
		},
		"a head as content":    func(p *scripted, id uint32) { p.content(answerBytes(id, head)) },
		"nothing at all":       func(p *scripted, id uint32) { _ = p.ch.CloseSend() },
		"content without head": func(p *scripted, id uint32) { p.content(first) },
		"an entry, no head":    func(p *scripted, id uint32) { p.answer(id, entryAnswer(head)) },
		"an end, no head":      func(p *scripted, id uint32) { p.answer(id, end) },
		"the head of another":  func(p *scripted, id uint32) { p.answer(id+1, head) },
		"a directory":          func(p *scripted, id uint32) { p.answer(id, headAnswer{Entry{Dir: true}}) },
		"another version":      func(p *scripted, id uint32) { p.answer(id, headAnswer{Entry{Version: [16]byte{9}}}) },
	} {
		for _, byRead := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/byRead=%v", name, byRead), func(t *testing.T) {
				client := script(t, func(p *scripted) {
					if r, ok := p.request(); ok {
						lie(p, r.id)
					}
				})
				_, err := get(client, ReadRequest{Share: "docs", Path: "f", IfVersion: new([16]byte)}, byRead)
				if !errors.Is(err, ErrViolation) || !errors.Is(err, protocol.ErrIntegrity) {
					t.Errorf("the lie ended in %v", err)
				}
				if _, err := client.Shares(context.Background()); !errors.Is(err, ErrClosed) {
					t.Errorf("the client goes on: %v", err)
				}
			})
		}
	}
}

// D9: an answer that is cut off is no answer, and no end of one.
func TestD9NoAnswer(t *testing.T) {
	ctx := context.Background()
	for name, ask := range map[string]func(*Client) error{
		"shares": func(c *Client) error { _, err := c.Shares(ctx); return err },
		"list":   func(c *Client) error { _, err := c.List(ctx, "docs", ""); return err },
		"stat":   func(c *Client) error { _, err := c.Stat(ctx, "docs", "f"); return err },
	} {
		client := script(t, func(p *scripted) {
			if _, ok := p.request(); ok {
				_ = p.ch.CloseSend()
			}
		})
		if err := ask(client); !errors.Is(err, ErrViolation) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// D9: a range that the file in the head does not have cannot be answered with content.
func TestD9RangeOutsideTheHead(t *testing.T) {
	client := script(t, func(p *scripted) {
		if r, ok := p.request(); ok {
			p.answer(r.id, headAnswer{Entry{Size: 10}})
		}
	})
	_, err := get(client, ReadRequest{Share: "docs", Path: "f", Offset: 5, Length: 6}, false)
	if !errors.Is(err, ErrViolation) {
		t.Errorf("%v", err)
	}
}

// D9: pages that do not go forward would make a list without end.
func TestD9ListThatGoesBack(t *testing.T) {
	client := script(t, func(p *scripted) {
		for r, ok := p.request(); ok; r, ok = p.request() {
			p.answer(r.id, pageAnswer{more: true, entries: []Entry{{Name: "a"}, {Name: "b"}}})
		}
	})
	if _, err := client.List(context.Background(), "docs", ""); !errors.Is(err, ErrViolation) {
		t.Errorf("%v", err)
	}
}

// D9: a list that goes forward for ever is given up.
func TestD9EndlessList(t *testing.T) {
	if testing.Short() {
		t.Skip("receives a million entries")
	}
	client := script(t, func(p *scripted) {
		next := 0
		for r, ok := p.request(); ok; r, ok = p.request() {
			page := pageAnswer{more: true, entries: make([]Entry, 1400)}
			for i := range page.entries {
				page.entries[i].Name = fmt.Sprintf("%08d", next)
				next++
			}
			p.answer(r.id, page)
		}
	})
	var status *StatusError
	if _, err := client.List(context.Background(), "docs", ""); !errors.Is(err, ErrTooLarge) || !errors.As(err, &status) || status.Path != "docs" {
		t.Errorf("%v", err)
	}
}

// D1: a name that the rule refuses is not asked for.
func TestD1ClientAsksForNoSuchName(t *testing.T) {
	asked := make(chan bool, 1)
	client := script(t, func(p *scripted) { _, ok := p.request(); asked <- ok })
	ctx := context.Background()
	for _, c := range []struct{ share, name string }{{"docs", "../x"}, {"..", "x"}, {"", ""}} {
		var name *NameError
		if _, err := client.Stat(ctx, c.share, c.name); !errors.As(err, &name) {
			t.Errorf("Stat: %v", err)
		}
		if _, err := client.List(ctx, c.share, c.name); !errors.As(err, &name) {
			t.Errorf("List: %v", err)
		}
		if _, err := client.Read(ctx, ReadRequest{Share: c.share, Path: c.name}); !errors.As(err, &name) {
			t.Errorf("Read: %v", err)
		}
	}
	if err := client.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if <-asked {
		t.Error("something was asked for")
	}
}

// A failure is the end of one request, before or in the middle of content.
func TestFailureLeavesClientUsable(t *testing.T) {
	head, _ := honest(pattern(100_000))
	client := script(t, func(p *scripted) {
		r, _ := p.request()
		p.answer(r.id, failureAnswer{StatusBusy})
		r, _ = p.request()
		p.answer(r.id, head)
		p.answer(r.id, failureAnswer{StatusFailed})
		r, _ = p.request()
		p.answer(r.id, sharesAnswer{[]string{"docs"}})
	})
	if _, err := get(client, ReadRequest{Share: "docs", Path: "f"}, false); !errors.Is(err, ErrBusy) {
		t.Errorf("%v", err)
	}
	var status *StatusError
	if _, err := get(client, ReadRequest{Share: "docs", Path: "f"}, false); !errors.As(err, &status) {
		t.Errorf("%v", err)
	}
	if shares, err := client.Shares(context.Background()); err != nil || len(shares) != 1 {
		t.Errorf("%v, %v", shares, err)
	}
}

// silent is a server that takes requests and never answers.
func silent(p *scripted) {
	for _, ok := p.request(); ok; _, ok = p.request() {
	}
}

func TestClientGivesUpSilentServer(t *testing.T) {
	client := script(t, silent)
	client.idle = 20 * time.Millisecond
	if _, err := client.Shares(context.Background()); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// A context that is done ends what waits for the server, content under way included.
func TestCancel(t *testing.T) {
	errStop := errors.New("stopped by the user")
	head, _ := honest(pattern(1 << 20))
	for _, byRead := range []bool{true, false} {
		ctx, cancel := context.WithCancelCause(context.Background())
		client := script(t, func(p *scripted) {
			r, _ := p.request()
			p.answer(r.id, head)
			p.content(pattern(protocol.FramePayload))
			silent(p)
		})
		content, err := client.Read(ctx, ReadRequest{Share: "docs", Path: "f"})
		if err != nil {
			t.Fatal(err)
		}
		sink := writerFunc(func(p []byte) (int, error) { cancel(errStop); return len(p), nil })
		if byRead {
			_, err = io.Copy(sink, onlyReader{content})
		} else {
			_, err = content.WriteTo(sink)
		}
		if err != errStop {
			t.Errorf("%v", err)
		}
		if _, err := client.Shares(context.Background()); !errors.Is(err, ErrClosed) {
			t.Errorf("the client goes on: %v", err)
		}
		if _, err := client.Shares(ctx); err != errStop {
			t.Errorf("a call with a context that is done: %v", err)
		}
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// An error of the writer is what WriteTo returns, even while the server is still sending.
func TestWriteToReturnsTheWritersError(t *testing.T) {
	errFull := errors.New("no space left on device")
	client, _ := serve(t, newServer(memory{"docs/f": pattern(64 << 20)}))
	content, err := client.Read(context.Background(), ReadRequest{Share: "docs", Path: "f"})
	if err != nil {
		t.Fatal(err)
	}
	n, err := content.WriteTo(writerFunc(func(p []byte) (int, error) { return 7, errFull }))
	if n != 7 || err != errFull {
		t.Errorf("WriteTo = %d, %v", n, err)
	}
	if _, err := content.Read(make([]byte, 1)); err != errFull {
		t.Errorf("Read afterwards: %v", err)
	}
}

// A writer that takes less than it is given without an error has failed all the same.
func TestWriteToNoticesShortWrites(t *testing.T) {
	client, _ := serve(t, newServer(memory{"docs/f": pattern(100)}))
	content, err := client.Read(context.Background(), ReadRequest{Share: "docs", Path: "f"})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := content.WriteTo(writerFunc(func(p []byte) (int, error) { return 99, nil })); n != 99 || err != io.ErrShortWrite {
		t.Errorf("WriteTo = %d, %v", n, err)
	}
}

// One answer is under way at a time; closing it early gives the client up, closing it late does not.
func TestContentHasTheClient(t *testing.T) {
	ctx := context.Background()
	client, ended := serve(t, newServer(memory{"docs/f": pattern(1 << 20)}))
	content, err := client.Read(ctx, ReadRequest{Share: "docs", Path: "f"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Shares(ctx); err != ErrInUse || client.Usable() {
		t.Errorf("a second request at once: %v, usable %v", err, client.Usable())
	}
	if _, err := content.WriteTo(new(bytes.Buffer)); err != nil {
		t.Fatal(err)
	}
	content.Close()
	if _, err := client.Shares(ctx); err != nil || !client.Usable() {
		t.Errorf("after Close at the end: %v, usable %v", err, client.Usable())
	}
	if content, err = client.Read(ctx, ReadRequest{Share: "docs", Path: "f"}); err != nil {
		t.Fatal(err)
	}
	content.Close()
	if _, err := content.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Errorf("Read after Close: %v", err)
	}
	if _, err := client.Shares(ctx); !errors.Is(err, ErrClosed) || client.Usable() {
		t.Errorf("after Close before the end: %v, usable %v", err, client.Usable())
	}
	if err := <-ended; err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the server learned %v", err)
	}
}

// D15: the server's end of a channel that is given back is looked at too; one that does not come is not
// waited for.
func TestD15CloseSeesTheServersEnd(t *testing.T) {
	for name, c := range map[string]struct {
		play func(*scripted)
		want error
	}{
		"its end":              {func(p *scripted) { p.request(); _ = p.ch.CloseSend() }, nil},
		"an answer to nothing": {func(p *scripted) { p.request(); p.answer(0, sharesAnswer{}) }, protocol.ErrIntegrity},
		"the stream cut off":   {func(p *scripted) { p.request(); _ = p.ch.Close() }, protocol.ErrIntegrity},
		"the stream reset":     {func(p *scripted) { p.request(); p.ch.Reset() }, nil},
	} {
		client := script(t, c.play)
		if err := client.Close(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	silent := script(t, func(*scripted) {})
	silent.idle = time.Millisecond
	if err := silent.Close(); err != nil {
		t.Errorf("nothing: %v", err)
	}
}
