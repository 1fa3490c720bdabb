package labtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// namespaceDir is where ip keeps the namespaces that it has named.
const namespaceDir = "/run/netns"

// labs counts the labs of this process.
var labs atomic.Uint64

// namespace is one network namespace.
type namespace struct {
	lab  *Lab
	name string
}

func (l *Lab) newNamespace(name string) *namespace {
	l.t.Helper()
	n := &namespace{l, l.name + "-" + name}
	if out, err := exec.Command("ip", "netns", "add", n.name).CombinedOutput(); err != nil {
		l.t.Fatalf("ip netns add %s: %v\n%s", n.name, err, out)
	}
	return n
}

func (n *namespace) file() string { return filepath.Join(namespaceDir, n.name) }

// ip runs commands of the program ip in the namespace, one a line.
func (n *namespace) ip(lines ...string) {
	n.lab.t.Helper()
	cmd := exec.Command("ip", "-n", n.name, "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		n.lab.t.Fatalf("in %s: ip: %v\n%s\n%s", n.name, err, strings.Join(lines, "\n"), out)
	}
}

// carries waits until devices take frames. The kernel decides that some time after they were set up, and what is sent
// before is lost.
func (n *namespace) carries(devices ...string) {
	n.lab.t.Helper()
	for _, device := range devices {
		for began := time.Now(); ; {
			out, err := exec.Command("ip", "-n", n.name, "-o", "link", "show", "dev", device).CombinedOutput()
			if err == nil && strings.Contains(string(out), " state UP ") {
				break
			}
			if err != nil || time.Since(began) > 10*time.Second {
				n.lab.t.Fatalf("in %s: %s takes no frames: %v\n%s", n.name, device, err, out)
			}
		}
	}
}

// do runs f in the namespace. Sockets and devices that f makes belong to it for ever; goroutines that f
// starts do not run in it.
func (n *namespace) do(f func() error) error {
	there, err := os.Open(n.file())
	if err != nil {
		return err
	}
	defer there.Close()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	here, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer here.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return os.NewSyscallError("setns", err)
	}
	defer func() {
		if err := unix.Setns(int(here.Fd()), unix.CLONE_NEWNET); err != nil {
			panic("labtest: a thread is lost in another namespace: " + err.Error())
		}
	}()
	return f()
}

// remove ends the processes in the namespace, and its name. Its devices go with it.
func (n *namespace) remove() {
	out, _ := exec.Command("ip", "netns", "pids", n.name).Output()
	for line := range strings.Lines(string(out)) {
		// The test binary itself is listed while one of its threads is inside.
		if pid, err := strconv.Atoi(strings.TrimSpace(line)); err == nil && pid != os.Getpid() {
			kill(pid)
		}
	}
	_ = exec.Command("ip", "netns", "del", n.name).Run()
}
