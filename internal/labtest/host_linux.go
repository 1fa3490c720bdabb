package labtest

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// Host is a machine of a lab, as far as its network goes: files and processes are those of the test's.
type Host struct {
	// Name is the one that it was made by.
	Name string

	*namespace
	lab   *Lab
	links []*Link
}

// Join puts the host on one more network, and returns the link to it.
func (h *Host) Join(n *Network) *Link {
	h.lab.t.Helper()
	h.lab.ports++
	link := &Link{
		host:    h,
		network: n,
		device:  fmt.Sprintf("eth%d", len(h.links)),
		number:  h.lab.ports,
	}
	h.links = append(h.links, link)
	v4, v6 := n.nextAddrs()
	h.ip("link add " + link.device + " type veth peer name " + link.port() + " netns " + h.lab.switches.name)
	h.lab.switches.ip("link set " + link.port() + " up master " + n.device())
	h.ip("link set "+link.device+" up", "addr add "+v4.String()+"/24 brd + dev "+link.device)
	link.addr = v4
	if err := h.Do(func() error { return write("/proc/sys/net/ipv6/conf/"+link.device+"/disable_ipv6", "0") }); err == nil {
		h.ip("addr add " + v6.String() + "/64 dev " + link.device + " nodad")
		link.addr6 = v6
	}
	if len(h.links) == 1 {
		h.ip("route add 224.0.0.0/4 dev " + link.device)
	}
	h.carries(link.device)
	h.lab.switches.carries(link.port(), n.device())
	return link
}

// Addr is the host's IPv4 address on the first network that it has joined.
func (h *Host) Addr() netip.Addr { return h.links[0].addr }

// Addr6 is the host's IPv6 address on the first network that it has joined, invalid if the kernel has no IPv6.
func (h *Host) Addr6() netip.Addr { return h.links[0].addr6 }

// SetAddr gives the host another IPv4 address, in place of the one on the first network.
func (h *Host) SetAddr(addr string) {
	h.lab.t.Helper()
	link := h.links[0]
	new, err := netip.ParseAddr(addr)
	if err != nil || !new.Is4() {
		h.lab.t.Fatalf("no IPv4 address: %q", addr)
	}
	h.ip(
		"addr del "+link.addr.String()+"/24 dev "+link.device,
		"addr add "+addr+"/24 brd + dev "+link.device,
		"route replace 224.0.0.0/4 dev "+link.device)
	link.addr = new
}

// AddAddr gives the host one more IPv4 address on the first network.
func (h *Host) AddAddr(addr netip.Addr) {
	h.lab.t.Helper()
	h.ip("addr add " + addr.String() + "/24 dev " + h.links[0].device)
}

// Down unplugs the host from every network. It keeps its addresses.
func (h *Host) Down() {
	h.lab.t.Helper()
	for _, l := range h.links {
		l.Down()
	}
}

// Up plugs the host in again.
func (h *Host) Up() {
	h.lab.t.Helper()
	for _, l := range h.links {
		l.Up()
	}
}

// Received is how many bytes the host has received from its networks, headers and all.
func (h *Host) Received() (total uint64) {
	h.lab.t.Helper()
	out, err := h.Command("cat", "/proc/net/dev").Output()
	if err != nil {
		h.lab.t.Fatalf("what %s has received: %v", h.Name, err)
	}
	for line := range strings.Lines(string(out)) {
		device, counts, found := strings.Cut(strings.TrimSpace(line), ":")
		if !found || device == "lo" {
			continue
		}
		n, err := strconv.ParseUint(strings.Fields(counts)[0], 10, 64)
		if err != nil {
			h.lab.t.Fatal(err)
		}
		total += n
	}
	return total
}

// Command is exec.Command in the host: the process has the host's network, and ends with the test binary
// if that is killed.
func (h *Host) Command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command("nsenter", append([]string{"--net=" + h.file(), "--", program}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// Do runs f in the host: sockets that f opens are the host's, and stay so. It is for what needs no more
// than a socket; f must not dial by name, and goroutines that it starts are not in the host.
func (h *Host) Do(f func() error) error { return h.do(f) }

// Program is a command that runs, in the host, a program of this test binary's that was given to [Main].
func (h *Host) Program(name string, args ...string) *exec.Cmd {
	h.lab.t.Helper()
	self, err := os.Executable()
	if err != nil {
		h.lab.t.Fatal(err)
	}
	cmd := h.Command(self, args...)
	cmd.Env = append(os.Environ(), programVariable+"="+name)
	return cmd
}
