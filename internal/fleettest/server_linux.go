package fleettest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/certexch/certexch/internal/labtest"
)

// Server is a `certexch serve` that runs.
type Server struct {
	terminal *Terminal
	cmd      *exec.Cmd
	peerID   string
	ended    chan struct{} // closed when the process has ended
	err      error         // how; read after ended is closed

	mu  sync.Mutex
	log bytes.Buffer // what it has written, to both outputs
}

// startTime is how long a server may take until it serves.
const startTime = 20 * time.Second

// Serve runs `certexch serve` until the test ends, and waits until it serves. Limits may be given. It is
// an error if it ends before.
func (t *Terminal) Serve(limits ...labtest.Limits) *Server {
	test := t.fleet.t
	test.Helper()
	s := &Server{terminal: t, ended: make(chan struct{}), cmd: t.Command("serve")}
	for _, l := range limits {
		t.fleet.lab.Limit(s.cmd, l)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		test.Fatal(err)
	}
	s.cmd.Stderr = s.cmd.Stdout
	if err := s.cmd.Start(); err != nil {
		test.Fatal(err)
	}
	serving := make(chan struct{})
	go s.follow(out, serving)
	test.Cleanup(s.Stop)
	select {
	case <-serving:
	case <-s.ended:
		test.Fatalf("certexch serve ended: %v\n%s", s.err, s.Log())
	case <-time.After(startTime):
		test.Fatalf("certexch serve does not serve\n%s", s.Log())
	}
	id := t.Run("id")
	s.peerID = regexp.MustCompile(`12D3Koo\w+`).FindString(id)
	return s
}

// follow keeps what the server writes, until it ends.
func (s *Server) follow(out io.Reader, serving chan<- struct{}) {
	defer close(s.ended)
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		s.mu.Lock()
		s.log.WriteString(line)
		s.mu.Unlock()
		if serving != nil && strings.Contains(line, "serving") {
			close(serving)
			serving = nil
		}
		if err != nil {
			break
		}
	}
	s.err = s.cmd.Wait()
}

// Addr is an address to dial, complete with the peer ID: at the host's IPv4 address, by "tcp" or "quic".
func (s *Server) Addr(transport string) string {
	return s.AddrAt(s.terminal.Host.Addr(), transport)
}

// AddrAt is Addr at another of the host's addresses.
func (s *Server) AddrAt(at netip.Addr, transport string) string {
	suffix := map[string]string{"tcp": "tcp/24242", "quic": "udp/24242/quic-v1"}[transport]
	family := "ip4"
	if at.Is6() {
		family = "ip6"
	}
	return fmt.Sprintf("/%s/%s/%s/p2p/%s", family, at, suffix, s.peerID)
}

// PeerID is the terminal's peer ID.
func (s *Server) PeerID() string { return s.peerID }

// Log is what the server has written so far.
func (s *Server) Log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// Runs reports whether the process has not ended.
func (s *Server) Runs() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// Stop ends the server as an operator does. It must end in time, and without an error.
func (s *Server) Stop() {
	t := s.terminal.fleet.t
	t.Helper()
	if !s.Runs() {
		if s.err != nil {
			t.Errorf("certexch serve had ended: %v\n%s", s.err, tail(s.Log()))
		}
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
		if s.err != nil {
			t.Errorf("certexch serve: %v\n%s", s.err, tail(s.Log()))
		}
	case <-time.After(20 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.ended
		t.Errorf("certexch serve did not end within 20 s\n%s", tail(s.Log()))
	}
}

// Kill ends the server as a power cut does.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
	s.err = nil
}

// Memory is what of the server is in memory now, and the most that ever was, in bytes.
func (s *Server) Memory() (now, most int) {
	s.terminal.fleet.t.Helper()
	return s.status("VmRSS") << 10, s.status("VmHWM") << 10
}

// status reads a number of the process that the kernel keeps.
func (s *Server) status(name string) int {
	t := s.terminal.fleet.t
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	t.Errorf("no %s of the server: %v", name, err)
	return 0
}

// Files is how many files and sockets the server has open.
func (s *Server) Files() int {
	s.terminal.fleet.t.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	if err != nil {
		s.terminal.fleet.t.Errorf("the server's files: %v", err)
	}
	return len(files)
}

// Goroutines ends the server and returns what its goroutines were doing: the function that each was
// started with, in order, once for each goroutine. Go itself tells, when it is ended by SIGQUIT.
func (s *Server) Goroutines() []string {
	t := s.terminal.fleet.t
	t.Helper()
	before := len(s.Log())
	_ = s.cmd.Process.Signal(syscall.SIGQUIT)
	select {
	case <-s.ended:
		s.err = nil
	case <-time.After(20 * time.Second):
		t.Fatal("certexch serve does not end by SIGQUIT")
	}
	var goroutines []string
	created := regexp.MustCompile(`created by (\S+)`)
	for _, g := range strings.Split(s.Log()[before:], "\n\n") {
		if !strings.HasPrefix(g, "goroutine ") {
			continue
		}
		by := "main"
		if m := created.FindStringSubmatch(g); m != nil {
			by = m[1]
		}
		goroutines = append(goroutines, by)
	}
	if len(goroutines) == 0 {
		t.Fatalf("no goroutines: %s", tail(s.Log()))
	}
	slices.Sort(goroutines)
	return goroutines
}

// tail is the end of a log, as much as a reader of a failed test wants.
func tail(log string) string {
	const most = 4000
	if len(log) > most {
		return "…" + log[len(log)-most:]
	}
	return log
}
