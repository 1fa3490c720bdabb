package packaging

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/labtest"
)

// TestFreshDebian boots two machines with nothing but a minimal Debian, installs certexch on both, and does
// what operating.md says, by its own lines: under the unit's sandbox, over a network, found by name.
//
// It takes minutes, and downloads a Debian unless CERTEXCH_DEBIAN names a tar of one that debootstrap has made.
func TestFreshDebian(t *testing.T) {
	if os.Getenv("CERTEXCH_LONG") == "" {
		t.Skip("boots two machines: set CERTEXCH_LONG to run it")
	}
	needs(t, "systemd-nspawn", "nsenter", "tar")
	lab := labtest.New(t)
	debian, carried := debianTar(t), t.TempDir()
	check(t, os.Chmod(carried, 0o755))
	nas := boot(t, lab.Host("nas"), debian, carried)
	desk := boot(t, lab.Host("desk"), debian, carried)
	machines := map[string]*booted{"nas": nas, "authority": nas, "desk": desk}
	nas.run(t, "/installed/install.sh")
	desk.run(t, "/installed/install.sh")

	text, err := os.ReadFile(operating)
	check(t, err)
	steps := regexp.MustCompile("(?s)<!-- on (\\w+) -->\n```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(steps) < 6 {
		t.Fatalf("operating.md has %d steps", len(steps))
	}
	for _, step := range steps {
		machines[step[1]].run(t, step[2])
	}
	if got, err := os.ReadFile(filepath.Join(carried, "report.csv")); err != nil || string(got) != "quarter,amount\n" {
		t.Fatalf("fetched %q, %v", got, err)
	}

	t.Run("the README's commands", func(t *testing.T) {
		readme, err := os.ReadFile("../README.md")
		check(t, err)
		_, part, _ := strings.Cut(string(readme), "<!-- journey:")
		part, _, _ = strings.Cut(part, "<!-- end of journey -->")
		// The service has the port already, and a reader is slower than a script.
		script := strings.Replace(strings.Join(blocks(part), ""), "certexch --home nas serve &", `sed -i s/24242/24243/ nas/config.toml
certexch --home nas serve > serve.log & trap 'kill %1; wait' EXIT
until certexch --home nas id | grep -q /tcp/; do kill -0 $!; done`, 1)
		nas.run(t, "mkdir /root/readme; cd /root/readme\n"+script+"\ncmp report.csv /srv/docs/report.csv")
	})
	t.Run("a member of the group fetches as himself", func(t *testing.T) {
		desk.run(t, "useradd -m -G certexch bob; useradd -m eve")
		desk.run(t, "cd /home/bob && runuser -u bob -- certexch get nas:docs/report.csv . && [ $(stat -c %U report.csv) = bob ]")
		desk.run(t, "! runuser -u eve -- certexch status 2> said; grep 'no terminal is running here' said")
	})
	t.Run("a bad configuration is not taken", func(t *testing.T) {
		nas.run(t, "cp /etc/certexch/config.toml /root/good; echo 'wrong = 1' >> /etc/certexch/config.toml")
		nas.run(t, "! systemctl reload certexch && systemctl is-active certexch && certexch status")
		nas.run(t, "cp /root/good /etc/certexch/config.toml; systemctl reload certexch; systemctl kill --kill-whom=main -s HUP certexch; certexch status")
		desk.run(t, "certexch cat nas:docs/report.csv > /dev/null")
	})
	t.Run("a share in a home is opened by a drop-in", func(t *testing.T) {
		nas.run(t, `useradd -m bob; mkdir /home/bob/photos; echo photo > /home/bob/photos/1; chmod 700 /home/bob
printf '[[share]]\nname = "photos"\npath = "/home/bob/photos"\nread = ["*"]\n' >> /etc/certexch/config.toml
! systemctl reload certexch
mkdir /etc/systemd/system/certexch.service.d
printf '[Service]\nBindReadOnlyPaths=/home/bob/photos\n' > /etc/systemd/system/certexch.service.d/share.conf
systemctl daemon-reload; systemctl restart certexch`)
		desk.run(t, "[ $(certexch cat nas:photos/1) = photo ]")
	})
	t.Run("upgraded while it runs", func(t *testing.T) {
		nas.run(t, "before=$(systemctl show -P MainPID certexch); /installed/install.sh | grep -q 'systemctl restart'; [ $(systemctl show -P MainPID certexch) = $before ]")
		desk.run(t, "certexch cat nas:docs/report.csv > /dev/null")
		nas.run(t, "systemctl restart certexch; certexch status; certexch allow list | grep -q desk")
		desk.run(t, "certexch cat nas:docs/report.csv > /dev/null")
	})
	t.Run("what is no longer registered is refused", func(t *testing.T) {
		nas.run(t, "certexch allow remove desk")
		desk.run(t, "certexch cat nas:docs/report.csv; [ $? = 4 ] && while certexch peers | grep -q nas; do sleep 0.1; done; ! certexch cat nas:docs/report.csv", "+e")
		nas.run(t, "certexch allow pending | grep -q desk; certexch allow add desk")
	})
	t.Run("revoked", func(t *testing.T) {
		nas.run(t, "certexch-authority --dir ca --password-file passphrase revoke desk && certexch-authority --dir ca --password-file passphrase crl > crl.pem && certexch install crl.pem")
		desk.run(t, "certexch cat nas:docs/report.csv; [ $? = 15 ]", "+e")
		nas.run(t, "journalctl -u certexch | grep -q certificate-revoked")
	})
	t.Run("sound", func(t *testing.T) {
		for _, m := range []*booted{nas, desk} {
			m.run(t, "[ $(systemctl show -P NRestarts certexch) = 0 ]; [ -z \"$(find /var/lib/certexch ! -user certexch)\" ]")
			m.run(t, "grep -q '^Max core file size *0 *0' /proc/$(systemctl show -P MainPID certexch)/limits")
			m.run(t, "systemctl stop certexch; [ $(systemctl show -P Result certexch) = success ]; [ ! -e /run/certexch ]")
		}
	})
	t.Run("uninstalled", func(t *testing.T) {
		nas.run(t, "/installed/install.sh --uninstall; ! command -v certexch; [ -f /var/lib/certexch/signing.key ]; [ -z \"$(find /usr/local -type f)\" ]")
	})
}

// suite is the oldest Debian with security support: what its systemd takes, later ones do.
const suite = "bookworm"

// debianTar returns a tar of a minimal Debian.
func debianTar(t *testing.T) string {
	t.Helper()
	if tar := os.Getenv("CERTEXCH_DEBIAN"); tar != "" {
		return tar
	}
	needs(t, "debootstrap")
	dir, tar := t.TempDir(), filepath.Join(t.TempDir(), "debian.tar")
	for _, args := range [][]string{
		{"debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv,dbus", suite, dir},
		{"tar", "-C", dir, "-cf", tar, "."},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out[max(0, len(out)-2000):])
		}
	}
	return tar
}

// booted is a machine whose systemd runs.
type booted struct {
	host   *labtest.Host
	leader int // the number of its first process, out here
}

// boot boots a new machine from the tar, on the network of host. The folders to install from and carried, by
// which files go from one machine to another, are in it.
func boot(t *testing.T, host *labtest.Host, tar, carried string) *booted {
	t.Helper()
	root := t.TempDir()
	if out, err := exec.Command("tar", "-C", root, "-xf", tar).CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	check(t, os.Chmod(root, 0o755))
	nspawn := host.Command("systemd-nspawn", "--quiet", "--directory="+root, fmt.Sprintf("--machine=%s-%d", host.Name, os.Getpid()),
		"--register=no", "--keep-unit", "--bind-ro="+built(t)+":/installed", "--bind="+carried+":/carried", "--console=pipe", "--boot")
	var console bytes.Buffer
	nspawn.Stdout, nspawn.Stderr = &console, &console
	check(t, nspawn.Start())
	m := &booted{host: host}
	t.Cleanup(func() {
		_ = nspawn.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(30*time.Second, func() { _ = nspawn.Process.Kill() })
		_ = nspawn.Wait()
		late.Stop()
		if t.Failed() {
			t.Logf("%s:\n%s", host.Name, &console)
		}
	})
	up := map[string]bool{"running": true, "degraded": true}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) { // another program boots it
		if m.leader == 0 {
			m.leader = leaderOf(nspawn.Process.Pid)
		} else if state, _ := m.command("systemctl is-system-running").Output(); up[strings.TrimSpace(string(state))] {
			return m
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not boot", host.Name)
		}
	}
}

// leaderOf finds the first process of the machine that nspawn runs; 0 while there is none.
func leaderOf(nspawn int) int {
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", nspawn, nspawn))
	for _, child := range strings.Fields(string(children)) {
		status, _ := os.ReadFile("/proc/" + child + "/status")
		if regexp.MustCompile(`(?m)^NSpid:.*\t1$`).Match(status) {
			pid, _ := strconv.Atoi(child)
			return pid
		}
	}
	return 0
}

// command is a shell script in the machine, in the folder of what is carried.
func (m *booted) command(script string, options ...string) *exec.Cmd {
	args := append([]string{"--target=" + strconv.Itoa(m.leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--root",
		"/usr/bin/env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "/bin/bash", "-euo", "pipefail"}, options...)
	return exec.Command("nsenter", append(args, "-c", "cd /carried\n"+script)...)
}

// run runs a script that has to succeed.
func (m *booted) run(t *testing.T, script string, options ...string) {
	t.Helper()
	if out, err := m.command(script, options...).CombinedOutput(); err != nil {
		log, _ := m.command("journalctl -u certexch -n 15 --no-pager", "+e").CombinedOutput()
		t.Fatalf("on %s: %v\n%s\n%s\n%s", m.host.Name, err, script, out, log)
	}
}
