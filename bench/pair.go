package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// pair is a terminal that serves, and others that it has registered and that have registered it: desk0, desk1, …
type pair struct {
	dir, program string
	addr         string
	serve        *exec.Cmd
	running      *exec.Cmd // desk0, while it runs
}

// startPair makes a terminal that serves, and desks others.
func startPair(ctx context.Context, dir string, desks int) (*pair, error) {
	p := &pair{dir: dir, program: filepath.Join(dir, "certexch")}
	authority := filepath.Join(dir, "certexch-authority")
	for program, source := range map[string]string{p.program: "./cmd/node", authority: "./cmd/authority"} {
		if _, err := output(ctx, "go", "build", "-o", program, source); err != nil {
			return nil, err
		}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	script := fmt.Sprintf(setUp, desks-1, port)
	cmd := exec.CommandContext(ctx, "sh", "-euc", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("setting up two terminals: %w\n%s", err, out)
	}
	p.serve = exec.CommandContext(ctx, p.program, "--home", filepath.Join(dir, "nas"), "serve")
	if err := p.serve.Start(); err != nil {
		return nil, err
	}
	if err := p.find(ctx, port); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// find waits until the serving terminal listens, and learns its address.
func (p *pair) find(ctx context.Context, port int) error {
	if err := waitPort(ctx, port); err != nil {
		return err
	}
	out, err := output(ctx, p.program, "--home", filepath.Join(p.dir, "nas"), "id")
	if err != nil {
		return err
	}
	for _, word := range strings.Fields(out) {
		if strings.HasPrefix(word, "/ip4/127.0.0.1/tcp/") {
			p.addr = word
			return nil
		}
	}
	return fmt.Errorf("no address in what id says:\n%s", out)
}

const setUp = `
rm -rf ca nas desk*
head -c 16 /dev/urandom | base64 > pass
chmod 600 pass
certexch-authority --dir ca --password-file pass init --trust-domain bench.example
for t in nas $(seq -f desk%%g 0 %d); do
	certexch --home $t init
	certexch --home $t request > $t.csr
	certexch-authority --dir ca --password-file pass sign $t.csr --id $t > $t.pem
	certexch --home $t install $t.pem --root "$(certexch-authority --dir ca fingerprint)"
	test $t = nas || certexch --home $t allow add nas
	test $t = nas || certexch --home nas allow add $t
done
cat > nas/config.toml <<END
listen = ["/ip4/127.0.0.1/tcp/%d"]
discovery.mdns = false
[[share]]
name = "share"
path = "$PWD/share"
read = ["*"]
END
`

// get fetches one file by the whole command.
func (p *pair) get(ctx context.Context, name, target string) command {
	return func() *exec.Cmd {
		return exec.CommandContext(ctx, p.program, "--home", filepath.Join(p.dir, "desk0"), "-q", "get", "--addr", p.addr, "nas:share/"+name, target)
	}
}

// getTree fetches a folder by the whole command.
func (p *pair) getTree(ctx context.Context, name, target string) command {
	return func() *exec.Cmd {
		return exec.CommandContext(ctx, p.program, "--home", filepath.Join(p.dir, "desk0"), "-q", "get", "-r", "--addr", p.addr, "nas:share/"+name, target)
	}
}

// startTime is how long a terminal may take until it answers.
const startTime = 10 * time.Second

// runDesk makes desk0 a running terminal, whose sessions its commands use.
func (p *pair) runDesk(ctx context.Context) error {
	home := filepath.Join(p.dir, "desk0")
	config := "listen = [\"/ip4/127.0.0.1/tcp/0\"]\ndiscovery.mdns = false\n"
	if err := os.WriteFile(filepath.Join(home, "config.toml"), []byte(config), 0o600); err != nil {
		return err
	}
	p.running = exec.CommandContext(ctx, p.program, "--home", home, "serve")
	if err := p.running.Start(); err != nil {
		return err
	}
	for began := time.Now(); ; {
		_, err := output(ctx, p.program, "--home", home, "status")
		if err == nil {
			return nil
		}
		if time.Since(began) > startTime || ctx.Err() != nil {
			return fmt.Errorf("desk0 does not run: %w", err)
		}
	}
}

// stop ends both sides, and returns the largest resident size of the serving one in bytes.
func (p *pair) stop() int64 {
	if p.running != nil {
		_ = p.running.Process.Signal(syscall.SIGTERM)
		_ = p.running.Wait()
		p.running = nil
	}
	_ = p.serve.Process.Signal(syscall.SIGTERM)
	_ = p.serve.Wait()
	return maxRSS(p.serve.ProcessState)
}
