package control

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/multiformats/go-multiaddr"
	"go.uber.org/goleak"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/channeltest"
	"github.com/certexch/certexch/internal/durable"
	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// terminal is one that knows the terminal nas, which serves source.
type terminal struct {
	t       *testing.T
	source  transfer.Source
	gone    chan error    // how serving nas ended
	end     func()        // ends the session with nas
	looking chan struct{} // closed once the terminal lost is looked for
	status  Status
	knocks  []Knock
}

var errStranger = errors.New("nobody of that name")

func (*terminal) Hello() Hello { return Hello{Identity: "acme.example/desk", Version: "1"} }
func (t *terminal) Status() Status {
	t.status.Identity = "acme.example/desk"
	return t.status
}

func (*terminal) Reload() ([]string, error) { return nil, errors.New("line 3 is wrong") }

func (t *terminal) Pending() ([]Knock, error) {
	return append(t.knocks, Knock{Identity: "acme.example/lamp"}), nil
}

func (t *terminal) Open(ctx context.Context, id certauth.Identity, _ []multiaddr.Multiaddr) (transfer.Channel, error) {
	if id.String() == "acme.example/lost" {
		close(t.looking)
		<-ctx.Done()
		t.gone <- ctx.Err()
		return nil, ctx.Err()
	}
	if id.String() != "acme.example/nas" {
		return nil, errStranger
	}
	near, far := channeltest.Pair(t.t)
	server := transfer.Server{Source: t.source, Idle: time.Minute, Wait: time.Minute}
	ctx, cancel := context.WithCancel(context.Background())
	t.end = cancel
	go func() { defer cancel(); t.gone <- server.Serve(ctx, far) }()
	return near, nil
}

func (*terminal) Explain(err error) Failure {
	if errors.Is(err, protocol.ErrBroken) {
		return Failure{Reason: "connection-lost", Code: 8, Text: "broke"}
	}
	return Failure{Reason: "other", Code: 1, Text: err.Error()}
}

// run serves a terminal at a socket until the test ends.
func run(t *testing.T, term *terminal) Client {
	t.Helper()
	term.t, term.gone = t, make(chan error, 16)
	path := filepath.Join(socketDir(t), "s")
	l, err := Listen(path)
	check(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- (&Server{Terminal: term}).Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		check(t, <-done)
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the socket is left: %v", err)
		}
	})
	return Client{Path: path}
}

// socketDir is a private folder of a short name: the names of sockets are at most 100 bytes or so.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "c")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// disk is a source of one file.
type disk struct {
	transfer.Source
	content []byte
}

func (d disk) Open(share, path string) (transfer.File, error) {
	if path != "f" {
		return nil, fs.ErrNotExist
	}
	return diskFile{bytes.NewReader(d.content)}, nil
}

type diskFile struct{ *bytes.Reader }

func (f diskFile) Entry() transfer.Entry { return transfer.Entry{Size: uint64(f.Size())} }
func (f diskFile) Unchanged() error      { return nil }
func (f diskFile) Close() error          { return nil }

func TestAnswers(t *testing.T) {
	c := run(t, new(terminal))
	hello, err := c.Hello(t.Context())
	if err != nil || hello.Identity != "acme.example/desk" {
		t.Errorf("%+v, %v", hello, err)
	}
	if s, err := c.Status(t.Context()); err != nil || s.Identity != "acme.example/desk" {
		t.Errorf("%+v, %v", s, err)
	}
	if knocks, err := c.Pending(t.Context()); err != nil || len(knocks) != 1 {
		t.Errorf("%+v, %v", knocks, err)
	}
	var failure *Failure
	if _, err := c.Reload(t.Context()); !errors.As(err, &failure) || failure.Text != "line 3 is wrong" {
		t.Errorf("%v", err)
	}
	if err := c.ask(t.Context(), Request{Op: "format"}, nil); !errors.As(err, &failure) {
		t.Errorf("an unknown operation: %v", err)
	}
	if _, err := (Client{Path: c.Path + "?"}).Hello(t.Context()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("no socket: %v", err)
	}
}

// However much there is to say, it is said as far as an answer goes, and the rest counted; or that it is too much.
func TestLongAnswers(t *testing.T) {
	long := strings.Repeat("i", 255)
	busy := Status{Sessions: make([]Session, 5000)}
	for i := range busy.Sessions {
		busy.Sessions[i] = Session{Identity: long, PeerID: long[:52], Address: long[:100]}
	}
	c := run(t, &terminal{status: busy, knocks: make([]Knock, 1<<14)})
	if s, err := c.Status(t.Context()); err != nil || len(s.Sessions)+s.More != 5000 || s.More == 0 || len(s.Sessions) == 0 {
		t.Errorf("%d sessions and %d more, %v", len(s.Sessions), s.More, err)
	}
	var failure *Failure
	if _, err := c.Pending(t.Context()); !errors.As(err, &failure) || !strings.Contains(failure.Text, "too long") {
		t.Errorf("%v", err)
	}
}

// pool asks nas through c.
func pool(t *testing.T, c Client, id string) *transfer.Pool {
	t.Helper()
	nas, err := certauth.ParseIdentity(id)
	check(t, err)
	p := transfer.NewPool(func(ctx context.Context) (transfer.Channel, error) { return c.Open(ctx, nas, nil) }, time.Minute)
	t.Cleanup(p.Close)
	return p
}

// Data comes through the running terminal as it comes from a session: whole, with the other side's words
// for what it has not, and several requests on one channel.
func TestChannel(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	term := &terminal{source: disk{content: content}}
	c := run(t, term)
	p := pool(t, c, "acme.example/nas")
	for range 3 {
		got, err := p.Read(t.Context(), transfer.ReadRequest{Share: "docs", Path: "f"})
		check(t, err)
		var b bytes.Buffer
		_, err = got.WriteTo(&b)
		check(t, errors.Join(err, got.Close()))
		if !bytes.Equal(b.Bytes(), content) {
			t.Fatalf("%d bytes, not those that were sent", b.Len())
		}
		if _, err := p.Read(t.Context(), transfer.ReadRequest{Share: "docs", Path: "g"}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v", err)
		}
	}
	p.Close()
	if err := <-term.gone; err != nil { // one channel, ended in good order
		t.Errorf("the other terminal: %v", err)
	}
	if _, err := pool(t, c, "acme.example/lamp").Shares(t.Context()); err == nil || err.Error() != errStranger.Error() {
		t.Errorf("a stranger: %v", err)
	}
}

// What ends the session ends the command's channel, with the words of the running terminal.
func TestChannelBreaks(t *testing.T) {
	term := &terminal{source: endless{}}
	c := run(t, term)
	got, err := pool(t, c, "acme.example/nas").Read(t.Context(), transfer.ReadRequest{Share: "docs", Path: "f"})
	check(t, err)
	defer got.Close()
	_, err = io.CopyN(io.Discard, got, 1<<20)
	check(t, err)
	term.end()
	var failure *Failure
	if _, err := io.Copy(io.Discard, got); !errors.As(err, &failure) || failure.Reason != "connection-lost" {
		t.Errorf("%v", err)
	}
}

// A command that goes away in the middle ends the answer of the other terminal.
func TestCommandGoesAway(t *testing.T) {
	term := &terminal{source: endless{}}
	p := pool(t, run(t, term), "acme.example/nas")
	got, err := p.Read(t.Context(), transfer.ReadRequest{Share: "docs", Path: "f"})
	check(t, err)
	check(t, got.Close())
	if err := <-term.gone; !errors.Is(err, protocol.ErrBroken) {
		t.Errorf("the other terminal: %v", err)
	}
}

// A command that goes away while another terminal is looked for ends the search.
func TestCommandGoesAwayEarly(t *testing.T) {
	term := &terminal{looking: make(chan struct{})}
	c := run(t, term)
	lost, err := certauth.ParseIdentity("acme.example/lost")
	check(t, err)
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		<-term.looking
		interrupt()
	}()
	if _, err := c.Open(ctx, lost, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	select {
	case <-term.gone:
	case <-time.After(10 * time.Second):
		t.Error("the search goes on")
	}
}

// endless is a source of a file that nobody has read to its end.
type endless struct{ transfer.Source }

func (endless) Open(string, string) (transfer.File, error) { return endlessFile{}, nil }

type endlessFile struct{ transfer.File }

func (endlessFile) Entry() transfer.Entry                 { return transfer.Entry{Size: 1 << 50} }
func (endlessFile) ReadAt(p []byte, _ int64) (int, error) { return len(p), nil }
func (endlessFile) Unchanged() error                      { return nil }
func (endlessFile) Close() error                          { return nil }

// E2: what is not ours at the place of the socket stays, and a folder in which others could put theirs is
// refused; the socket is for its owner.
func TestE2Listen(t *testing.T) {
	dir := socketDir(t)
	path := filepath.Join(dir, "s")
	l, err := Listen(path)
	check(t, err)
	info, err := os.Lstat(path)
	check(t, err)
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o117 != 0 {
		t.Errorf("mode %v", info.Mode())
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // as if the process had been killed
	check(t, l.Close())
	if _, err := (Client{Path: path}).Hello(t.Context()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("a socket of the dead: %v", err)
	}
	l, err = Listen(path)
	check(t, err)
	check(t, l.Close())

	check(t, os.WriteFile(path, []byte("mine"), 0o600))
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "in the way") {
		t.Errorf("a file in its place: %v", err)
	}
	check(t, os.Remove(path))
	if runtime.GOOS == "windows" {
		return
	}
	check(t, os.Chmod(dir, 0o777))
	if _, err := Listen(path); !errors.As(err, new(*durable.PermissionError)) {
		t.Errorf("in everybody's folder: %v", err)
	}
}

// C5: lengths and kinds are checked before anything is read on their word.
func TestC5Blocks(t *testing.T) {
	for _, header := range [][]byte{
		{0, 0, 0, 0, 0},
		{7, 0, 0, 0, 0},
		{1, 0xff, 0xff, 0xff, 0xff},
		{1, 0, 0x10, 0, 1},
		{5, 0, 0, 0xff, 0xf0},
	} {
		if _, _, err := readHeader(bytes.NewReader(header)); !errors.Is(err, ErrProtocol) {
			t.Errorf("%x: %v", header, err)
		}
	}
	if _, _, err := readHeader(strings.NewReader("\x01\x00")); !errors.Is(err, protocol.ErrBroken) {
		t.Errorf("cut off: %v", err)
	}
}

// FuzzRequest: whatever a command sends, it is answered or hung up on.
func FuzzRequest(f *testing.F) {
	for _, r := range []string{`{"op":"status"}`, `{"op":"open","identity":"acme.example/nas","addrs":["/ip4/1.2.3.4/tcp/1"],"timeout_ms":5}`, `{}`, `[`} {
		var b bytes.Buffer
		check(f, writeBlock(&b, blockRequest, []byte(r)))
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		var r Request
		if readJSON(bytes.NewReader(sent), blockRequest, &r) != nil {
			return
		}
		_, addrs, err := r.target()
		if err == nil && len(addrs) > maxAddrs {
			t.Errorf("%d addresses", len(addrs))
		}
		if d := r.timeout(); d <= 0 || d > maxTimeout {
			t.Errorf("a time of %v", d)
		}
	})
}
