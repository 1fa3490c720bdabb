package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/channeltest"
	"github.com/certexch/certexch/protocol"
)

func TestOperations(t *testing.T) {
	ctx := context.Background()
	source := memory{"docs/a.txt": []byte("hello"), "docs/b.bin": pattern(300_000), "photos/p": nil}
	var events []Event
	server := newServer(source)
	server.Report = func(e Event) { events = append(events, e) }
	client, ended := serve(t, server)

	if shares, err := client.Shares(ctx); err != nil || !slices.Equal(shares, []string{"docs", "photos"}) {
		t.Errorf("Shares = %v, %v", shares, err)
	}
	entry, err := client.Stat(ctx, "docs", "a.txt")
	if want := source.entry("docs/a.txt"); err != nil || !entry.ModTime.Equal(want.ModTime) || entry.Size != 5 || entry.Name != "a.txt" || entry.Version != want.Version {
		t.Errorf("Stat = %+v, %v", entry, err)
	}
	list, err := client.List(ctx, "docs", ".")
	if err != nil || len(list) != 2 || list[0].Name != "a.txt" || list[1].Name != "b.bin" {
		t.Errorf("List = %+v, %v", list, err)
	}
	content, err := client.Read(ctx, ReadRequest{Share: "docs", Path: "b.bin"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(content); err != nil || !bytes.Equal(got, source["docs/b.bin"]) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	if content.Entry().Name != "b.bin" || content.Length() != 300_000 {
		t.Errorf("content of %+v", content.Entry())
	}
	if _, err := client.Stat(ctx, "docs", "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat of nothing = %v", err)
	}
	if err := client.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
	if _, err := client.Shares(ctx); err != ErrClosed {
		t.Errorf("Shares after Close: %v", err)
	}
	want := []Event{
		{Op: "shares"},
		{Op: "stat", Share: "docs", Path: "a.txt"},
		{Op: "list", Share: "docs"},
		{Op: "read", Share: "docs", Path: "b.bin", Bytes: 300_000},
		{Op: "stat", Share: "docs", Path: "none", Status: StatusNotFound, Err: fs.ErrNotExist},
	}
	if !slices.Equal(events, want) {
		t.Errorf("events %+v", events)
	}
}

// Errors of a source reach the client as what they are, and no more of them than that.
func TestStatuses(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		err    error
		status Status
		target error
	}{
		{&fs.PathError{Op: "open", Path: "/srv/secret", Err: fs.ErrNotExist}, StatusNotFound, fs.ErrNotExist},
		{fmt.Errorf("wrapped: %w", fs.ErrPermission), StatusNoPermission, fs.ErrPermission},
		{ErrChanged, StatusChanged, ErrChanged},
		{ErrRange, StatusBadRange, ErrRange},
		{ErrWrongKind, StatusWrongKind, ErrWrongKind},
		{ErrBusy, StatusBusy, ErrBusy},
		{ErrTooLarge, StatusTooLarge, ErrTooLarge},
		{errors.New("/srv/secret: input/output error"), StatusFailed, nil},
	} {
		client, _ := serve(t, newServer(failing{err: c.err}))
		_, err := client.Stat(ctx, "docs", "a/b")
		var status *StatusError
		if !errors.As(err, &status) || *status != (StatusError{c.status, "stat", "docs/a/b"}) {
			t.Errorf("%v became %v", c.err, err)
		}
		if c.target != nil && !errors.Is(err, c.target) {
			t.Errorf("%v does not match %v", err, c.target)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("the client learned %v", err)
		}
	}
}

type failing struct {
	memory
	err error
}

func (f failing) Stat(string, string) (Entry, error) { return Entry{}, f.err }

// A directory of any size comes in pages that each fit one message.
func TestListPages(t *testing.T) {
	source := memory{}
	for i := range 1500 {
		source[fmt.Sprintf("docs/%s-%04d", strings.Repeat("n", 200), i)] = nil
	}
	client, _ := serve(t, newServer(source))
	list, err := client.List(context.Background(), "docs", "")
	if err != nil || len(list) != len(source) {
		t.Fatalf("%d of %d entries, %v", len(list), len(source), err)
	}
	if !slices.IsSortedFunc(list, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("not in order")
	}
}

// Requests that are sent ahead are answered in their order, each with its number.
func TestPipelinedRequests(t *testing.T) {
	near, far := channeltest.Pair(t)
	serveOn(t, newServer(memory{"docs/a": []byte("x"), "docs/b": nil}), far)
	p := &scripted{t: t, ch: near, frame: protocol.NewFrame()}
	p.message(requestBytes(request{op: opStat, id: 0, share: "docs", path: "a"}))
	p.message(requestBytes(request{op: opRead, id: 1, share: "docs", path: "a"}))
	p.message(requestBytes(request{op: opStat, id: 2, share: "docs", path: "none"}))
	p.message(requestBytes(request{op: opShares, id: 3}))
	for i, want := range []struct {
		kind uint8
		id   uint32
	}{{kindEntry, 0}, {kindHead, 1}, {'x', 0}, {kindEnd, 1}, {kindFailure, 2}, {kindShares, 3}} {
		if err := near.Receive(p.frame); err != nil {
			t.Fatal(err)
		}
		payload := p.frame.Payload()
		if payload[0] != want.kind || p.frame.Kind == protocol.KindMessage && payload[4] != byte(want.id) {
			t.Errorf("frame %d is %x, want %+v", i, payload, want)
		}
	}
}

// An operation that the server does not know is refused by itself; what follows is answered.
func TestB10UnknownOperationIsUnsupported(t *testing.T) {
	near, far := channeltest.Pair(t)
	serveOn(t, newServer(memory{"docs/a": nil}), far)
	p := &scripted{t: t, ch: near, frame: protocol.NewFrame()}
	p.message([]byte{99, 0, 0, 0, 0, 'w', 'h', 'a', 't'})
	p.message(requestBytes(request{op: opShares, id: 1}))
	for _, want := range [][]byte{
		answerBytes(0, failureAnswer{StatusUnsupported}),
		answerBytes(1, sharesAnswer{[]string{"docs"}}),
	} {
		if err := near.Receive(p.frame); err != nil || !bytes.Equal(p.frame.Payload(), want) {
			t.Errorf("%x, %v, want %x", p.frame.Payload(), err, want)
		}
	}
}

// A client that breaks the protocol is not answered any more.
func TestB10ServerRefusesViolations(t *testing.T) {
	for name, play := range map[string]func(p *scripted){
		"garbage":           func(p *scripted) { p.message([]byte("GET / HTTP/1.1")) },
		"nothing":           func(p *scripted) { p.message(nil) },
		"content":           func(p *scripted) { p.content(requestBytes(request{op: opShares})) },
		"an answer":         func(p *scripted) { p.message(answerBytes(0, sharesAnswer{})) },
		"a number ahead":    func(p *scripted) { p.message(requestBytes(request{op: opShares, id: 1})) },
		"unknown and ahead": func(p *scripted) { p.message([]byte{99, 0, 0, 0, 1}) },
		"a number again": func(p *scripted) {
			p.message(requestBytes(request{op: opShares}))
			p.message(requestBytes(request{op: opShares}))
		},
		"a name outside":  func(p *scripted) { p.message(requestBytes(request{op: opStat, share: "docs", path: "../x"})) },
		"a trailing byte": func(p *scripted) { p.message(append(requestBytes(request{op: opShares}), 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			near, far := channeltest.Pair(t)
			ended := serveOn(t, newServer(memory{"docs/a": nil}), far)
			play(&scripted{t: t, ch: near, frame: protocol.NewFrame()})
			if err := <-ended; !errors.Is(err, ErrViolation) || !errors.Is(err, protocol.ErrIntegrity) {
				t.Errorf("Serve = %v", err)
			}
		})
	}
}

// C6: requests that a client sends ahead cost nothing until those before are answered, and a client
// that does not take its answer is given up after Idle.
func TestC6ClientThatDoesNotRead(t *testing.T) {
	near, far := channeltest.Pair(t)
	source := &counting{memory: memory{"docs/big": pattern(64 << 20)}}
	server := newServer(source)
	server.Idle = 50 * time.Millisecond
	ended := serveOn(t, server, far)
	p := &scripted{t: t, ch: near, frame: protocol.NewFrame()}
	for id := range uint32(1000) {
		p.message(requestBytes(request{op: opRead, id: id, share: "docs", path: "big"}))
	}
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Serve = %v", err)
	}
	if n := source.opened.Load(); n != 1 {
		t.Errorf("%d files were opened for a client that takes none", n)
	}
}

type counting struct {
	memory
	opened atomic.Int32
}

func (c *counting) Open(share, path string) (File, error) {
	c.opened.Add(1)
	return c.memory.Open(share, path)
}

func TestServerGivesUpSilentClient(t *testing.T) {
	server := newServer(memory{})
	server.Wait = 20 * time.Millisecond
	_, ended := serve(t, server)
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Serve = %v", err)
	}
}

// A server without its limits or its source serves nothing.
func TestServerNeedsItsPolicy(t *testing.T) {
	for _, server := range []*Server{
		{Idle: patience, Wait: patience},
		{Source: memory{}, Wait: patience},
		{Source: memory{}, Idle: patience},
	} {
		client, ended := serve(t, server)
		if err := <-ended; err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%+v served: %v", server, err)
		}
		if _, err := client.Shares(context.Background()); err == nil {
			t.Errorf("%+v answered", server)
		}
	}
}

// B12: when the context of a session ends, so does a transfer that is under way.
func TestB12ServeEndsWithItsContext(t *testing.T) {
	errCut := errors.New("no longer registered")
	for _, want := range []ReadRequest{{}, {Share: "docs", Path: "big"}} {
		near, far := channeltest.Pair(t)
		ctx, cut := context.WithCancelCause(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- newServer(memory{"docs/big": pattern(64 << 20)}).Serve(ctx, far) }()
		if want.Path != "" {
			if _, err := NewClient(near, patience).Read(context.Background(), want); err != nil {
				t.Fatal(err)
			}
		}
		cut(errCut)
		if err := <-ended; err != errCut {
			t.Errorf("Serve = %v", err)
		}
	}
}
