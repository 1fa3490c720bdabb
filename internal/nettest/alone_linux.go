package nettest

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// inside is set, to its name, for the process that runs a test in a namespace.
const inside = "CERTEXCH_NETTEST"

// Alone runs the calling test again, in a process in a network namespace of its own with loopback and
// Interface up. It returns true there, and false to the caller that has nothing left to do. Where there can
// be no such namespace the test is skipped. Such tests run beside each other.
func Alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inside) == t.Name() {
		IP(t, "link set lo up")
		IP(t, "link add "+Interface+" type veth peer name far")
		IP(t, "link set far up")
		IP(t, "link set "+Interface+" up")
		IP(t, "addr add "+IPv4+" dev "+Interface)
		_ = exec.Command("ip", strings.Fields("addr add "+IPv6+" dev "+Interface+" nodad")...).Run() // a kernel may lack IPv6
		return true
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs the command ip")
	}
	t.Parallel() // it disturbs nobody, and waits most of the time
	name := strings.ReplaceAll("^"+t.Name()+"$", "/", "$/^")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+name, "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), inside+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if uid := os.Geteuid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	output, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	switch {
	case err == nil && strings.Contains(string(output), "--- SKIP: "+t.Name()):
		t.Skipf("%s", output)
	case err == nil:
		t.Logf("%s", output)
	case errors.As(err, &failed):
		t.Fatalf("%v\n%s", err, output)
	default:
		t.Skipf("no network namespace: %v", err)
	}
	return false
}

// IP runs ip(8) with these arguments, separated by spaces, in the namespace of the test.
func IP(t testing.TB, args string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", args, err, out)
	}
}
