package transfer

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"golang.org/x/crypto/cryptobyte"

	"github.com/certexch/certexch/internal/channeltest"
	"github.com/certexch/certexch/protocol"
)

// Every goroutine of a call has ended when the call has.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what is expected to happen; a test that needs it has failed.
const patience = 10 * time.Second

var modTime = time.Date(2026, 3, 1, 12, 30, 0, 123_456_789, time.UTC)

// memory is a Source of files in memory: their names begin with the share.
type memory map[string][]byte

func (m memory) entry(name string) Entry {
	return Entry{
		Name:    name[strings.LastIndex(name, "/")+1:],
		Size:    uint64(len(m[name])),
		ModTime: modTime,
		Version: [16]byte{byte(len(m[name])), 1},
	}
}

func (m memory) Shares() []string {
	var shares []string
	for name := range m {
		share, _, _ := strings.Cut(name, "/")
		shares = append(shares, share)
	}
	slices.Sort(shares)
	return slices.Compact(shares)
}

func (m memory) List(share, path, after string, limit int) (entries []Entry, more bool, err error) {
	if path != "" {
		return nil, false, fs.ErrNotExist
	}
	for name := range m {
		if file, ok := strings.CutPrefix(name, share+"/"); ok && file > after {
			entries = append(entries, m.entry(name))
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	if len(entries) > limit {
		return entries[:limit], true, nil
	}
	return entries, false, nil
}

func (m memory) Stat(share, path string) (Entry, error) {
	if _, ok := m[share+"/"+path]; !ok {
		return Entry{}, fs.ErrNotExist
	}
	return m.entry(share + "/" + path), nil
}

func (m memory) Open(share, path string) (File, error) {
	entry, err := m.Stat(share, path)
	if err != nil {
		return nil, err
	}
	return &memoryFile{ReaderAt: bytes.NewReader(m[share+"/"+path]), entry: entry}, nil
}

type memoryFile struct {
	io.ReaderAt
	entry   Entry
	changed error
}

func (f *memoryFile) Entry() Entry     { return f.entry }
func (f *memoryFile) Unchanged() error { return f.changed }
func (f *memoryFile) Close() error     { return nil }

// sources that answer Open with one file, whatever is asked for.
type oneFile struct {
	memory
	file File
}

func (s oneFile) Open(string, string) (File, error) { return s.file, nil }

// serve runs server at one end of a channel and returns a client at the other. The server is stopped,
// and has to have stopped, when the test ends; ended gives what Serve returned.
func serve(t testing.TB, server *Server) (client *Client, ended <-chan error) {
	t.Helper()
	near, far := channeltest.Pair(t)
	return NewClient(near, patience), serveOn(t, server, far)
}

func serveOn(t testing.TB, server *Server, ch *protocol.Channel) <-chan error {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ended <- server.Serve(ctx, ch)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return ended
}

func newServer(source Source) *Server {
	return &Server{Source: source, Idle: patience, Wait: patience}
}

// script plays the server's part: it is given each request in turn and sends what it likes.
func script(t testing.TB, play func(p *scripted)) *Client {
	t.Helper()
	near, far := channeltest.Pair(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		play(&scripted{t: t, ch: far, frame: protocol.NewFrame()})
	}()
	t.Cleanup(func() { far.Reset(); near.Reset(); <-done })
	return NewClient(near, patience)
}

// scripted is a peer that says what a test wants it to say. Once the other side has reset the channel
// what it sends goes nowhere.
type scripted struct {
	t     testing.TB
	ch    *protocol.Channel
	frame *protocol.Frame
}

func (p *scripted) request() (r request, ok bool) {
	if p.ch.Receive(p.frame) != nil {
		return r, false
	}
	r, err := decodeRequest(p.frame.Payload())
	if err != nil {
		p.t.Errorf("the client sent a request that does not decode: %v", err)
	}
	return r, true
}

func (p *scripted) answer(id uint32, a answer) { p.message(answerBytes(id, a)) }

func (p *scripted) message(message []byte) { p.send(protocol.KindMessage, message) }

func (p *scripted) content(content []byte) { p.send(protocol.KindContent, content) }

func (p *scripted) send(kind protocol.Kind, payload []byte) {
	p.frame.Kind = kind
	copy(p.frame.Resize(len(payload)), payload)
	_ = p.ch.Send(p.frame)
}

func answerBytes(id uint32, a answer) []byte {
	var b cryptobyte.Builder
	appendAnswer(&b, id, a)
	return b.BytesOrPanic()
}

func requestBytes(r request) []byte {
	var b cryptobyte.Builder
	r.append(&b)
	return b.BytesOrPanic()
}

// pattern returns n bytes that differ from place to place.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return p
}
