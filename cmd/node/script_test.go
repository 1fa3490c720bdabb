package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/certexch/certexch/node"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"certexch": main})
}

// TestScripts runs the journeys in testdata with real processes. Set UPDATE=1 to rewrite what they
// compare with.
func TestScripts(t *testing.T) {
	bin := t.TempDir()
	build(t, filepath.Join(bin, "certexch-authority"), "../authority")
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Values["authorities"] = map[string]*testAuthority{}
			return os.Chmod(env.WorkDir, 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     cmdExits,
			"soon":      cmdSoon,
			"setenv":    cmdSetenv,
			"grepenv":   cmdGrepenv,
			"waitserve": cmdWaitServe,
			"waitfile":  cmdWaitFile,
			"silent":    cmdSilent,
			"sparse":    cmdSparse,
			"pid":       cmdPid,
			"configure": cmdConfigure,
			"authority": cmdAuthority,
			"terminal":  cmdTerminal,
			"bundle":    cmdBundle,
			"certify":   cmdCertify,
			"revoke":    cmdRevoke,
			"hostile":   cmdHostile,
			"visible":   cmdVisible,
			"nosecret":  cmdNoSecret,
			"sealed":    cmdSealed,
		},
	})
}

// cmdExits: exits CODE COMMAND [ARGS...] runs a command that is to end with this exit code.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if got := exitCode(ts, args[1:]); strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// cmdSoon: soon CODE COMMAND [ARGS...] is exits for what a running terminal takes into account within
// two seconds: it runs the command again until then.
func cmdSoon(ts *testscript.TestScript, neg bool, args []string) {
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); {
		if strconv.Itoa(exitCode(ts, args[1:])) == args[0] {
			return
		}
	}
	cmdExits(ts, neg, args)
}

func exitCode(ts *testscript.TestScript, command []string) int {
	err := ts.Exec(command[0], command[1:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	ts.Check(err)
	return 0
}

// cmdSetenv: setenv NAME FILE sets $NAME to what is in the file, without the line feed.
func cmdSetenv(ts *testscript.TestScript, neg bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// cmdGrepenv: grepenv FILE PATTERN NAME sets $NAME to what the group in the pattern matches in the file.
func cmdGrepenv(ts *testscript.TestScript, neg bool, args []string) {
	match := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(ts.ReadFile(args[0]))
	if len(match) != 2 {
		ts.Fatalf("%s does not hold %s", args[0], args[1])
	}
	ts.Setenv(args[2], match[1])
}

// cmdWaitServe: waitserve HOME NAME waits until the terminal of HOME serves, as `certexch id` tells it,
// and sets $NAME to its TCP address and $NAME_QUIC to its QUIC address; of the former, $NAME_AT is what
// stands before /p2p/, and $NAME_PEER what stands after.
func cmdWaitServe(ts *testscript.TestScript, neg bool, args []string) {
	home, err := node.HomeAt(ts.MkAbs(args[0]))
	ts.Check(err)
	// Another process serves, and tells it by a file: there is nothing to wait on but to look again.
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		addrs, err := node.Addresses(home)
		ts.Check(err)
		for _, a := range addrs {
			text := a.String()
			if !strings.Contains(text, "/tcp/") {
				ts.Setenv(args[1]+"_QUIC", text)
				continue
			}
			at, peer, _ := strings.Cut(text, "/p2p/")
			ts.Setenv(args[1], text)
			ts.Setenv(args[1]+"_AT", at)
			ts.Setenv(args[1]+"_PEER", peer)
		}
		if len(addrs) > 0 {
			return
		}
	}
	ts.Fatalf("%s does not serve", args[0])
}

// cmdConfigure: configure HOME [NAME=DIR READER...] has the terminal listen at free ports of the
// loopback interface, and serve DIR as the share NAME for these readers.
func cmdConfigure(ts *testscript.TestScript, neg bool, args []string) {
	lines := []string{`listen = ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"]`, "discovery.mdns = false"}
	if len(args) > 1 {
		name, dir, _ := strings.Cut(args[1], "=")
		readers := []string{}
		for _, r := range args[2:] {
			readers = append(readers, strconv.Quote(r))
		}
		lines = append(lines, "[[share]]", "name = "+strconv.Quote(name), "path = "+strconv.Quote(ts.MkAbs(dir)), "read = ["+strings.Join(readers, ", ")+"]")
	}
	ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[0]), "config.toml"), []byte(strings.Join(lines, "\n")+"\n"), 0o600))
}

// cmdWaitFile: waitfile PATTERN waits until there is a file of such a name.
func cmdWaitFile(ts *testscript.TestScript, neg bool, args []string) {
	// As above: another process makes the file.
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		found, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		if len(found) > 0 {
			return
		}
	}
	ts.Fatalf("there is no %s", args[0])
}

// cmdPid: pid HOME NAME sets $NAME to the number of the process in the background that serves HOME.
func cmdPid(ts *testscript.TestScript, neg bool, args []string) {
	for _, cmd := range ts.BackgroundCmds() {
		if slices.Equal(cmd.Args[1:], []string{"--home", args[0], "serve"}) {
			ts.Setenv(args[1], strconv.Itoa(cmd.Process.Pid))
			return
		}
	}
	ts.Fatalf("nothing serves %s", args[0])
}

// cmdSparse: sparse FILE SIZE makes a file of SIZE bytes that takes no room.
func cmdSparse(ts *testscript.TestScript, neg bool, args []string) {
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(errors.Join(f.Truncate(size), f.Close()))
}

// cmdSilent: silent NAME sets $NAME to an address at which connections are accepted and nothing is said.
func cmdSilent(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // the system accepts; nobody reads
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], "/ip4/127.0.0.1/tcp/"+strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}
