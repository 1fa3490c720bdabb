package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// pair is two terminals that have registered each other; the first serves.
type pair struct {
	dir, program string
	addr         string
	serve        *exec.Cmd
}

func startPair(ctx context.Context, dir string) (*pair, error) {
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
	script := fmt.Sprintf(setUp, port)
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
	if err := waitPort(ctx, port); err != nil {
		return nil, err
	}
	out, err := output(ctx, p.program, "--home", filepath.Join(dir, "nas"), "id")
	if err != nil {
		return nil, err
	}
	for _, word := range strings.Fields(out) {
		if strings.HasPrefix(word, "/ip4/127.0.0.1/tcp/") {
			p.addr = word
		}
	}
	return p, nil
}

const setUp = `
head -c 16 /dev/urandom | base64 > pass
chmod 600 pass
certexch-authority --dir ca --password-file pass init --trust-domain bench.example
for t in nas desk; do
	certexch --home $t init
	certexch --home $t request > $t.csr
	certexch-authority --dir ca --password-file pass sign $t.csr --id $t > $t.pem
	certexch --home $t install $t.pem --root "$(certexch-authority --dir ca fingerprint)"
done
certexch --home nas allow add desk
certexch --home desk allow add nas
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
		return exec.CommandContext(ctx, p.program, "--home", filepath.Join(p.dir, "desk"), "-q", "get", "--addr", p.addr, "nas:share/"+name, target)
	}
}

// getTree fetches a folder by the whole command.
func (p *pair) getTree(ctx context.Context, name, target string) command {
	return func() *exec.Cmd {
		return exec.CommandContext(ctx, p.program, "--home", filepath.Join(p.dir, "desk"), "-q", "get", "-r", "--addr", p.addr, "nas:share/"+name, target)
	}
}

// stop ends the serving side and returns its largest resident size in bytes.
func (p *pair) stop() int64 {
	_ = p.serve.Process.Signal(syscall.SIGTERM)
	_ = p.serve.Wait()
	return maxRSS(p.serve.ProcessState)
}
