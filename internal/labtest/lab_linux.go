package labtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Lab is a set of networks and the hosts on them. Its methods are for the goroutine of the test.
type Lab struct {
	t        testing.TB
	name     string // what the names of its namespaces begin with
	switches *namespace
	networks map[string]*Network
	hosts    map[string]*Host
	ports    int
	cgroups  int
}

// New returns a lab with one network, [Lab.LAN], and no hosts. It skips the test, with a reason, where
// there can be none.
func New(t testing.TB) *Lab {
	t.Helper()
	if os.Getenv("CERTEXCH_LAB") == "" && os.Getenv("CERTEXCH_LONG") == "" {
		t.Skip("a network lab wants the machine to itself: .ci/run sets CERTEXCH_LAB for it")
	}
	if os.Geteuid() != 0 {
		t.Skip("a network lab needs root, for network namespaces")
	}
	for _, program := range []string{"ip", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("a network lab needs the programs ip (iproute2) and nsenter (util-linux): %v", err)
		}
	}
	if err := unavailable(); err != nil {
		t.Skipf("a network lab needs network namespaces: %v", err)
	}
	sweep()
	l := &Lab{
		t:        t,
		name:     prefix + owner() + "-" + strconv.FormatUint(labs.Add(1), 10),
		networks: make(map[string]*Network),
		hosts:    make(map[string]*Host),
	}
	t.Cleanup(l.close)
	l.switches = l.newNamespace("switches")
	l.LAN()
	return l
}

// LAN is the network that every host is on, unless it was made by [Network.Host].
func (l *Lab) LAN() *Network { return l.Network("lan") }

// Host returns the host of that name, which is on the LAN if it is new.
func (l *Lab) Host(name string) *Host { return l.LAN().Host(name) }

// Link returns the link of a host to the first network that it has joined.
func (l *Lab) Link(h *Host) *Link { return h.links[0] }

func (l *Lab) close() {
	for _, h := range l.hosts {
		for _, link := range h.links {
			link.straighten()
		}
		h.remove()
	}
	if l.switches != nil {
		l.switches.remove()
	}
}

// prefix begins the names of all namespaces and control groups of all labs. The process that owns them
// follows, and the time at which it was started, because numbers of processes come again.
const prefix = "cxlab-"

func owner() string { return fmt.Sprintf("%d.%s", os.Getpid(), started(os.Getpid())) }

// started is the time of a process's start, in the system's own unit, or empty if there is no such process.
func started(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The second field is the name of the program, in brackets, and may hold anything.
	_, rest, _ := strings.Cut(string(text), ") ")
	if fields := strings.Fields(rest); len(fields) > 19 {
		return fields[19]
	}
	return ""
}

// abandoned reports whether something of this name belongs to a process that is no more.
func abandoned(name string) bool {
	rest, ours := strings.CutPrefix(name, prefix)
	id, _, _ := strings.Cut(rest, "-")
	number, start, _ := strings.Cut(id, ".")
	pid, err := strconv.Atoi(number)
	return ours && err == nil && started(pid) != start
}

// sweep removes what test binaries that were killed have left.
func sweep() {
	namespaces, _ := os.ReadDir(namespaceDir)
	for _, e := range namespaces {
		if abandoned(e.Name()) {
			(&namespace{name: e.Name()}).remove()
		}
	}
	groups, _ := filepath.Glob("/sys/fs/cgroup/*/" + prefix + "*")
	for _, g := range groups {
		if abandoned(filepath.Base(g)) {
			removeGroup(g)
		}
	}
}

// unavailable says why a process may not have network namespaces, as in most containers.
func unavailable() error {
	name := prefix + owner() + "-probe"
	if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
		return errors.New(strings.TrimSpace(string(out)))
	}
	defer (&namespace{name: name}).remove()
	cmd := exec.Command("nsenter", "--net="+filepath.Join(namespaceDir, name), "true")
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.New(strings.TrimSpace(string(out)))
	}
	return nil
}

// kill ends a process that may be gone already.
func kill(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Signal(syscall.SIGKILL)
	}
}

// write sets a file of the kernel.
func write(file, value string) error {
	err := os.WriteFile(file, []byte(value), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("this kernel lacks %s", file)
	}
	return err
}
