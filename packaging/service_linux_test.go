package packaging

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// machine is a root folder in which certexch is installed, and the users that it knows.
type machine struct {
	t    *testing.T
	root string
}

type account struct {
	name   string
	uid    uint32
	groups []uint32
}

const (
	serviceID = 990
	photosID  = 2003 // a group that the service is in
)

var (
	root     = account{name: "root"}
	service  = account{"certexch", serviceID, []uint32{photosID}}
	member   = account{"member", 2001, []uint32{serviceID}}
	stranger = account{"stranger", 2002, nil}
)

func newMachine(t *testing.T) *machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can act as several users")
	}
	m := &machine{t, t.TempDir()}
	check(t, os.Chmod(m.root, 0o755))
	install(t, m.root)
	for _, dir := range []string{"etc", "root", "run/certexch", "var/lib/certexch", "home/member", "home/stranger"} {
		check(t, os.MkdirAll(m.path(dir), 0o755))
	}
	var users, groups strings.Builder
	for _, a := range []account{root, service, member, stranger} {
		fmt.Fprintf(&users, "%s:x:%d:%d::/home/%s:/bin/false\n", a.name, a.uid, a.uid, a.name)
		fmt.Fprintf(&groups, "%s:x:%d:%s\n", a.name, a.uid, map[bool]string{true: "member"}[a.uid == serviceID])
	}
	fmt.Fprintf(&groups, "photos:x:%d:certexch\n", photosID)
	check(t, os.WriteFile(m.path("etc/passwd"), []byte(users.String()), 0o644), os.WriteFile(m.path("etc/group"), []byte(groups.String()), 0o644))
	// As tmpfiles.d and the unit have them.
	check(t, os.Chmod(m.path("var/lib/certexch"), 0o700), os.Chmod(m.path("run/certexch"), 0o750), os.Chmod(m.path("root"), 0o700))
	for _, dir := range []string{"var/lib/certexch", "run/certexch"} {
		check(t, os.Chown(m.path(dir), serviceID, serviceID))
	}
	return m
}

func (m *machine) path(name string) string { return filepath.Join(m.root, name) }

// command is certexch, or its authority, as this user's.
func (m *machine) command(as account, program string, args ...string) *exec.Cmd {
	cmd := exec.Command("/usr/local/bin/"+program, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"HOME=/home/" + as.name, "NOTIFY_SOCKET=/run/notify"}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     m.root,
		Credential: &syscall.Credential{Uid: as.uid, Gid: as.uid, Groups: as.groups},
		Pdeathsig:  syscall.SIGKILL,
	}
	return cmd
}

// try runs certexch and returns its exit code with what it has printed.
func (m *machine) try(as account, args ...string) (int, string) {
	m.t.Helper()
	cmd := m.command(as, "certexch", args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		m.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// run is try for what has to succeed.
func (m *machine) run(as account, args ...string) string {
	m.t.Helper()
	code, out := m.try(as, args...)
	if code != 0 {
		m.t.Fatalf("%s: certexch %s: exit code %d\n%s", as.name, strings.Join(args, " "), code, out)
	}
	return out
}

// refused wants an exit code other than 0, and this text.
func (m *machine) refused(text string, as account, args ...string) {
	m.t.Helper()
	if code, out := m.try(as, args...); code == 0 || !strings.Contains(out, text) {
		m.t.Errorf("%s: certexch %s: exit code %d, without %q\n%s", as.name, strings.Join(args, " "), code, text, out)
	}
}

// certify has root set the terminal up: init, request, sign, install. It returns the fingerprint of the
// authority.
func (m *machine) certify() (fingerprint string) {
	m.t.Helper()
	m.run(root, "init")
	check(m.t, os.WriteFile(m.path("root/nas.csr"), []byte(m.run(root, "request")), 0o600))
	check(m.t, os.WriteFile(m.path("root/passphrase"), []byte("of a test, long enough\n"), 0o600))
	authority := func(args ...string) []byte {
		args = append([]string{"--dir", "/root/ca", "--password-file", "/root/passphrase"}, args...)
		out, err := m.command(root, "certexch-authority", args...).Output()
		check(m.t, err)
		return out
	}
	authority("init", "--trust-domain", "acme.example")
	check(m.t, os.WriteFile(m.path("root/nas.pem"), authority("sign", "/root/nas.csr", "--id", "nas"), 0o600))
	fingerprint = strings.TrimSpace(string(authority("fingerprint")))
	m.run(root, "install", "/root/nas.pem", "--root", fingerprint)
	m.run(root, "allow", "add", "desk")
	config := []byte("listen = [\"/ip4/127.0.0.1/tcp/0\"]\n[discovery]\nmdns = false\n")
	check(m.t, os.WriteFile(m.path("etc/certexch/config.toml"), config, 0o644))
	return fingerprint
}

// serve runs the service until the test ends, and returns once it is ready.
func (m *machine) serve() {
	m.t.Helper()
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path("run/notify"), Net: "unixgram"})
	check(m.t, err, os.Chmod(m.path("run/notify"), 0o777))
	defer l.Close()
	cmd := m.command(service, "certexch", "serve")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	check(m.t, cmd.Start())
	m.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			m.t.Errorf("serve: %v\n%s", err, &log)
		}
	})
	message := make([]byte, 64)
	check(m.t, l.SetReadDeadline(time.Now().Add(20*time.Second)))
	if n, err := l.Read(message); err != nil || string(message[:n]) != "READY=1" {
		m.t.Fatalf("not ready: %q, %v", message[:n], err)
	}
}

// foreign are the files of the state folder that are not the service's.
func (m *machine) foreign() (names []string) {
	m.t.Helper()
	check(m.t, filepath.WalkDir(m.path("var/lib/certexch"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if stat := info.Sys().(*syscall.Stat_t); err == nil && (stat.Uid != serviceID || stat.Gid != serviceID) {
			names = append(names, path)
		}
		return err
	}))
	return names
}

// TestE1RootPreparesTheService: what root does is as if the service had done it, before it runs and while it
// runs; and root is not the one to serve.
func TestE1RootPreparesTheService(t *testing.T) {
	m := newMachine(t)
	m.certify()
	m.refused("run as its owner", root, "serve")
	m.run(root, "check")
	m.run(service, "check")
	m.serve()
	m.run(root, "allow", "add", "--note", "on the shelf", "laptop")
	m.run(root, "allow", "remove", "desk")
	m.run(root, "install", "/root/nas.pem")
	m.run(root, "id")
	if out := m.run(root, "status", "--json"); !strings.Contains(out, `"problems":[]`) || !strings.Contains(out, "acme.example/nas") {
		t.Errorf("what root did is a problem to the service: %s", out)
	}
	if out := m.run(service, "allow", "list"); !strings.Contains(out, "on the shelf") || strings.Contains(out, "desk") {
		t.Errorf("what root has registered: %s", out)
	}
	if names := m.foreign(); len(names) > 0 {
		t.Errorf("not the service's: %q", names)
	}
}

// TestCheckAsRoot: a share that root may read and the service may not is found before the service starts.
func TestCheckAsRoot(t *testing.T) {
	m := newMachine(t)
	m.certify()
	dir, config := m.path("srv/photos"), m.path("etc/certexch/config.toml")
	text, err := os.ReadFile(config)
	check(t, err, os.MkdirAll(dir, 0o755), os.Chmod(dir, 0o750))
	check(t, os.WriteFile(config, append(text, "[[share]]\nname = \"photos\"\npath = \"/srv/photos\"\n"...), 0o644))
	for _, as := range []account{root, service} {
		m.refused("/srv/photos: permission denied", as, "check")
	}
	check(t, os.Chown(dir, 0, photosID))
	for _, as := range []account{root, service} {
		m.run(as, "check")
	}
}

// TestE2WhoMayUseTheService: members of its group, unless they have a terminal of their own; nobody else.
func TestE2WhoMayUseTheService(t *testing.T) {
	m := newMachine(t)
	m.certify()
	if out := m.run(member, "paths"); !strings.Contains(out, "/home/member/") {
		t.Errorf("nothing runs, and a member's home is %s", out)
	}
	m.serve()
	for _, args := range [][]string{{"status"}, {"peers"}, {"reload"}} {
		m.run(member, args...)
		m.refused("no terminal is running here", stranger, args...)
	}
	m.run(member, "allow", "pending")
	m.refused("acme.example/desk", member, "--timeout", "1s", "ls", "desk:") // met by the service, which does not find it
	m.refused("permission denied", member, "allow", "add", "member")
	m.refused("permission denied", member, "request")
	m.refused("permission denied", stranger, "--home", "/var/lib/certexch", "id")

	own := m.path("home/member/.config/certexch/config.toml")
	check(t, os.MkdirAll(filepath.Dir(own), 0o755), os.WriteFile(own, nil, 0o644))
	if out := m.run(member, "paths"); !strings.Contains(out, "/home/member/") {
		t.Errorf("with a configuration of his own, a member's home is %s", out)
	}
	m.refused("no terminal is running here", member, "status")
}

// TestE1ServiceCannotUseRoot: a service that has been taken over puts links where root will write and read.
func TestE1ServiceCannotUseRoot(t *testing.T) {
	m := newMachine(t)
	fingerprint := m.certify()
	state := m.path("var/lib/certexch")
	plant := func(target, name string) {
		t.Helper()
		path := filepath.Join(state, name)
		check(t, os.RemoveAll(path), os.Symlink(target, path), os.Lchown(path, serviceID, serviceID))
	}
	secret := m.path("root/secret")
	check(t, os.WriteFile(secret, []byte("root's own words\n"), 0o600))
	before := files(t, m.path("etc"))

	plant("/etc/planted", "allowlist.lock")
	m.refused("allowlist.lock", root, "allow", "add", "laptop")
	check(t, os.Remove(filepath.Join(state, "allowlist.lock")))
	for _, name := range []string{"allowlist", "certificate.pem", "format", "running"} {
		plant("/root/secret", name)
		for _, args := range [][]string{{"allow", "list"}, {"allow", "add", "laptop"}, {"id"}, {"check"}, {"install", "/root/nas.pem"}} {
			if _, out := m.try(root, args...); strings.Contains(out, "words") {
				t.Errorf("%s led root to its own file: %s", name, out)
			}
		}
		check(t, os.Remove(filepath.Join(state, name)))
	}
	empty := m.path("etc/empty")
	check(t, os.Mkdir(empty, 0o755))
	plant("/etc/empty", "trust")
	m.refused("permission denied", root, "install", "/root/nas.pem", "--root", fingerprint)
	check(t, os.Remove(empty))

	if after := files(t, m.path("etc")); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("/etc has become %q", after)
	}
	if text, err := os.ReadFile(secret); err != nil || string(text) != "root's own words\n" {
		t.Errorf("root's file has become %q, %v", text, err)
	}
}
