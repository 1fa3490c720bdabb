package fleettest

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/labtest"
)

// farSize is the size of the file that is fetched from far away, and farAway the time there and back.
const (
	farSize = 1 << 30
	farAway = 100 * time.Millisecond
)

// BenchmarkFar fetches a file over a round trip of 100 ms, and the same with scp in the same run. The kernel may
// buffer 64 MiB for either, on both hosts. It reports both times and their ratio.
//
//	CERTEXCH_LAB=1 go test -run '^$' -bench Far -benchtime 1x ./internal/fleettest
func BenchmarkFar(b *testing.B) {
	lab := labtest.New(b)
	fleet := New(b, lab, "nas", "desk")
	nas, desk := fleet.Terminal("nas"), fleet.Terminal("desk")
	share, target := b.TempDir(), filepath.Join(b.TempDir(), "target")
	writeRandom(b, filepath.Join(share, "large"), farSize)
	for _, host := range []*labtest.Host{nas.Host, desk.Host} {
		for _, name := range []string{"rmem", "wmem"} {
			output(b, host.Command("sysctl", "-q", "-w", "net.ipv4.tcp_"+name+"=4096 131072 67108864"))
		}
	}
	nas.Share("docs", share)
	nas.Serve()
	scp := sshd(b, nas.Host)
	lab.Link(nas.Host).Set(labtest.Conditions{Delay: farAway / 2})
	for b.Loop() {
		ours := elapsed(b, desk.Command("-q", "get", "--overwrite", "nas:docs/large", target))
		theirs := elapsed(b, scp(desk.Host, filepath.Join(share, "large"), target))
		b.ReportMetric(ours.Seconds(), "certexch-s")
		b.ReportMetric(theirs.Seconds(), "scp-s")
		b.ReportMetric(theirs.Seconds()/ours.Seconds(), "ratio")
	}
}

func elapsed(b *testing.B, cmd *exec.Cmd) time.Duration {
	b.Helper()
	began := time.Now()
	output(b, cmd)
	return time.Since(began)
}

func writeRandom(b testing.TB, path string, size int64) {
	b.Helper()
	f, err := os.Create(path)
	if err == nil {
		_, err = io.CopyN(f, rand.Reader, size)
	}
	if err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// sshd runs a server on host, with keys of its own, and returns what fetches a file from it.
func sshd(b *testing.B, host *labtest.Host) func(from *labtest.Host, source, target string) *exec.Cmd {
	b.Helper()
	const program, port = "/usr/sbin/sshd", "2222"
	if _, err := os.Stat(program); err != nil {
		b.Skip("sshd is not installed (openssh-server)")
	}
	dir := b.TempDir()
	for _, key := range []string{"host", "client"} {
		output(b, exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key)))
	}
	config := fmt.Sprintf("Port %s\nHostKey %s/host\nAuthorizedKeysFile %s/client.pub\nStrictModes no\nPermitRootLogin yes\nPidFile none\nSubsystem sftp internal-sftp\n", port, dir, dir)
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		b.Fatal(err)
	}
	server := host.Command(program, "-D", "-f", filepath.Join(dir, "config"))
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	return func(from *labtest.Host, source, target string) *exec.Cmd {
		return from.Command("scp", "-q", "-P", port, "-i", filepath.Join(dir, "client"), "-c", "aes128-gcm@openssh.com",
			"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-o", "ConnectionAttempts=10",
			host.Addr().String()+":"+source, target)
	}
}
