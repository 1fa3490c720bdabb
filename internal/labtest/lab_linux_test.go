package labtest

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestHostsReachEachOther(t *testing.T) {
	lab := New(t)
	a, b := lab.Host("a"), lab.Host("b")
	addrs := []string{b.Addr().String()}
	if b.Addr6().IsValid() {
		addrs = append(addrs, b.Addr6().String())
	}
	for _, addr := range addrs {
		near, far := connect(t, a, b, addr)
		send(t, near, far, []byte("hello"))
	}
}

func TestMulticast(t *testing.T) {
	lab := New(t)
	a, b := lab.Host("a"), lab.Host("b")
	group := &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}
	var listener *net.UDPConn
	in(t, b, func() (err error) {
		iface, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		listener, err = net.ListenMulticastUDP("udp4", iface, group)
		return err
	})
	defer listener.Close()
	var sender *net.UDPConn
	in(t, a, func() (err error) {
		sender, err = net.DialUDP("udp4", nil, group)
		return err
	})
	defer sender.Close()
	if _, err := sender.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	_ = listener.SetReadDeadline(time.Now().Add(5 * time.Second))
	buf := make([]byte, 16)
	n, err := listener.Read(buf)
	if err != nil || string(buf[:n]) != "hello" {
		t.Errorf("%q, %v", buf[:n], err)
	}
}

func TestNetworksAreApart(t *testing.T) {
	lab := New(t)
	here, there := lab.Host("here"), lab.Network("other").Host("there")
	both := lab.Host("both")
	way := both.Join(lab.Network("other"))
	listen(t, there, there.Addr().String())
	if _, err := dial(here, there.Addr().String()); !errors.Is(err, syscall.ENETUNREACH) {
		t.Errorf("from one network to another: %v", err)
	}
	near, far := connect(t, both, here, here.Addr().String())
	send(t, near, far, []byte("hello"))
	listen(t, both, way.Addr().String())
	if c, err := dial(there, way.Addr().String()); err != nil {
		t.Error(err)
	} else {
		c.Close()
	}
	// A host on both networks is no router, even to those who would use it as one.
	there.ip("route add default via " + way.Addr().String())
	here.ip("route add default via " + both.Addr().String())
	if _, err := dial(there, here.Addr().String()); err == nil {
		t.Error("a host on both networks forwards")
	}
}

func TestCommandRunsInTheHost(t *testing.T) {
	lab := New(t)
	a := lab.Host("a")
	out, err := a.Command("ip", "-br", "addr").CombinedOutput()
	if err != nil || !strings.Contains(string(out), a.Addr().String()) {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = a.Program("echo", "one", "two").CombinedOutput()
	if err != nil || string(out) != "[one two]\n" {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestSetAddr(t *testing.T) {
	lab := New(t)
	a, b := lab.Host("a"), lab.Host("b")
	old := b.Addr().String()
	listen(t, b, "0.0.0.0")
	b.SetAddr("10.99.0.77")
	if b.Addr().String() != "10.99.0.77" {
		t.Errorf("address: %s", b.Addr())
	}
	c, err := dial(a, "10.99.0.77")
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := dial(a, old); err == nil {
		t.Error("the old address answers")
	}
}

func TestDownAndUp(t *testing.T) {
	lab := New(t)
	a, b := lab.Host("a"), lab.Host("b")
	near, far := connect(t, a, b, b.Addr().String())
	send(t, near, far, []byte("before"))
	b.Down()
	if out, _ := b.Command("ip", "link", "show", "eth0").Output(); !bytes.Contains(out, []byte("NO-CARRIER")) {
		t.Errorf("the host does not see it: %s", out)
	}
	if _, err := near.Write([]byte("during")); err != nil {
		t.Fatal(err)
	}
	_ = far.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if n, err := far.Read(make([]byte, 16)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("unplugged, and %d bytes came: %v", n, err)
	}
	b.Up()
	receive(t, far, []byte("during"))
}

func TestNothingIsLeft(t *testing.T) {
	var name string
	t.Run("lab", func(t *testing.T) {
		lab := New(t)
		name = lab.name
		a := lab.Host("a")
		lab.Link(a).Set(Conditions{Delay: time.Millisecond})
		lab.Capture()
		cmd := a.Command("sleep", "1000")
		lab.Limit(cmd, Limits{Processes: 10})
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Wait() })
		t.Cleanup(func() { _ = cmd.Process.Kill() })
	})
	if name == "" {
		t.Skip("there was no lab")
	}
	expectGone(t, name)
}

// A test binary that is killed cannot clean up after itself.
func TestWhatAKilledRunHasLeftIsRemoved(t *testing.T) {
	New(t) // or skip
	const variable = "CERTEXCH_LAB_ABANDON"
	if os.Getenv(variable) != "" {
		lab := New(t)
		lab.Limit(exec.Command("true"), Limits{Processes: 10})
		// The child of a child is not told of this process's end.
		orphan := lab.Host("a").Command("sh", "-c", "sleep 1000 & echo $!; wait")
		out, err := orphan.StdoutPipe()
		if err == nil {
			err = orphan.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		line := make([]byte, 32)
		n, _ := out.Read(line)
		os.Stdout.WriteString("lab " + lab.name + " orphan " + string(line[:n]))
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), variable+"=1")
	out, _ := cmd.Output()
	words := strings.Fields(string(out))
	if len(words) != 4 {
		t.Fatalf("%q", out)
	}
	name, orphan := words[1], words[3]
	if _, err := os.Stat(filepath.Join(namespaceDir, name+"-host-a")); err != nil {
		t.Fatalf("nothing was abandoned: %v", err)
	}
	t.Run("the next lab", func(t *testing.T) { New(t) })
	expectGone(t, name)
	deadline := time.Now().Add(5 * time.Second)
	for alive(orphan) {
		if time.Now().After(deadline) {
			t.Fatal("a process of the killed run is alive")
		}
		time.Sleep(time.Millisecond)
	}
}

// alive reports whether a process runs: one that has ended may wait for its parent to look.
func alive(pid string) bool {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	_, rest, _ := strings.Cut(string(text), ") ")
	return err == nil && !strings.HasPrefix(rest, "Z")
}

func expectGone(t *testing.T, name string) {
	t.Helper()
	for _, pattern := range []string{namespaceDir, "/sys/fs/cgroup/*"} {
		left, _ := filepath.Glob(filepath.Join(pattern, name+"*"))
		if len(left) > 0 {
			t.Errorf("left: %s", left)
		}
	}
	out, err := exec.Command("ip", "-br", "link").Output()
	if err != nil || bytes.Contains(out, []byte("near1")) || bytes.Contains(out, []byte("lan0")) {
		t.Errorf("devices left: %v\n%s", err, out)
	}
}

func TestLimits(t *testing.T) {
	lab := New(t)
	a := lab.Host("a")
	for name, c := range map[string]struct {
		limits Limits
		script string
		passes bool
	}{
		"files within":   {Limits{Files: 64}, "test $(ulimit -n) = 64", true},
		"memory within":  {Limits{Memory: 64 << 20}, "head -c 1000000 /dev/zero | tail -c 1000000 | wc -c", true},
		"memory beyond":  {Limits{Memory: 16 << 20}, "head -c 100000000 /dev/zero | tail -c 100000000 | wc -c", false},
		"threads within": {Limits{Processes: 10}, "for i in 1 2 3; do sleep 0 & done; wait", true},
		"threads beyond": {Limits{Processes: 2}, "sleep 1 & sleep 1 & sleep 1 & wait", false},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := a.Command("bash", "-euo", "pipefail", "-c", c.script)
			lab.Limit(cmd, c.limits)
			if out, err := cmd.CombinedOutput(); (err == nil) != c.passes {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
