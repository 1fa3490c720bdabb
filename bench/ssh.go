package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// sshServer is an sshd of our own on loopback, with keys of its own.
type sshServer struct {
	dir  string
	port int
	cmd  *exec.Cmd
}

func startSSH(ctx context.Context, dir string) (*sshServer, error) {
	sshd, err := exec.LookPath("/usr/sbin/sshd")
	if err != nil {
		return nil, errors.New("sshd is not installed (openssh-server)")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		return nil, err
	}
	for _, key := range []string{"host", "client"} {
		if _, err := output(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key)); err != nil {
			return nil, err
		}
	}
	s := &sshServer{dir: dir}
	if s.port, err = freePort(); err != nil {
		return nil, err
	}
	config := fmt.Sprintf("ListenAddress 127.0.0.1\nPort %d\nHostKey %s/host\nAuthorizedKeysFile %s/client.pub\nStrictModes no\nPermitRootLogin yes\nPidFile none\nSubsystem sftp internal-sftp\n", s.port, dir, dir)
	if err := os.WriteFile(filepath.Join(dir, "sshd_config"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	s.cmd = exec.CommandContext(ctx, sshd, "-D", "-f", filepath.Join(dir, "sshd_config"))
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if err := waitPort(ctx, s.port); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *sshServer) stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func (s *sshServer) options() []string {
	return []string{"-q", "-i", filepath.Join(s.dir, "client"), "-o", "StrictHostKeyChecking=no",
		"-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-c", "aes128-gcm@openssh.com"}
}

// cat fetches a file as one does without scp.
func (s *sshServer) cat(ctx context.Context, source, target string) command {
	return func() *exec.Cmd {
		args := append(s.options(), "-p", strconv.Itoa(s.port), "127.0.0.1", "cat "+source)
		cmd := exec.CommandContext(ctx, "ssh", args...)
		out, err := os.Create(target)
		if err != nil {
			cmd.Err = err // of its Run
			return cmd
		}
		cmd.Stdout = out // measure closes it
		return cmd
	}
}

// copy fetches a file with scp.
func (s *sshServer) copy(ctx context.Context, source, target string) command {
	return func() *exec.Cmd {
		args := append(s.options(), "-P", strconv.Itoa(s.port), "127.0.0.1:"+source, target)
		return exec.CommandContext(ctx, "scp", args...)
	}
}

// sync fetches a folder with rsync.
func (s *sshServer) sync(ctx context.Context, source, target string) command {
	return func() *exec.Cmd {
		shell := strings.Join(append([]string{"ssh", "-p", strconv.Itoa(s.port)}, s.options()...), " ")
		return exec.CommandContext(ctx, "rsync", "-a", "-e", shell, "127.0.0.1:"+source+"/", target)
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// waitPort waits until somebody listens.
func waitPort(ctx context.Context, port int) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("port %d: %w", port, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
