package fleettest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/certexch/certexch/internal/labtest"
)

// TrustDomain is the one of every fleet.
const TrustDomain = "acme.example"

// Fleet is an authority and the terminals that it has certified.
type Fleet struct {
	t         testing.TB
	lab       *labtest.Lab
	bin       string
	dir       string
	root      string // its fingerprint
	terminals map[string]*Terminal
}

// New returns a fleet of terminals with these names, each on the host of its name (with a dash for
// each slash), which have all registered each other. The host may be on other networks than the LAN if it exists already.
func New(t testing.TB, lab *labtest.Lab, names ...string) *Fleet {
	t.Helper()
	if raced {
		t.Skip("other processes run here, of which the race detector sees nothing")
	}
	f := &Fleet{t: t, lab: lab, bin: programs(t), dir: t.TempDir(), terminals: make(map[string]*Terminal)}
	if err := os.WriteFile(filepath.Join(f.dir, "passphrase"), []byte("for tests only\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.authority("init", "--trust-domain", TrustDomain)
	f.root = f.authority("fingerprint")
	for _, name := range names {
		f.Certify(name)
	}
	for _, a := range names {
		for _, b := range names {
			if a != b {
				f.Terminal(a).Run("allow", "add", b)
			}
		}
	}
	return f
}

// Certify makes one more terminal, which has registered nobody, and whom nobody has.
func (f *Fleet) Certify(name string) *Terminal {
	f.t.Helper()
	flat := strings.ReplaceAll(name, "/", "-")
	terminal := &Terminal{Name: name, Home: filepath.Join(f.dir, flat), Host: f.lab.Host(flat), fleet: f}
	f.terminals[name] = terminal
	terminal.Run("init")
	request := terminal.Home + ".csr"
	bundle := terminal.Home + ".pem"
	f.save(request, terminal.Run("request"))
	f.save(bundle, f.authority("sign", request, "--id", name))
	terminal.Run("install", bundle, "--root", f.root)
	return terminal
}

// Revoke revokes a terminal and returns the file with the list that says so.
func (f *Fleet) Revoke(name string) string {
	f.t.Helper()
	f.authority("revoke", name)
	crl := filepath.Join(f.dir, "crl.pem")
	f.save(crl, f.authority("crl"))
	return crl
}

// Terminal returns the terminal of that name.
func (f *Fleet) Terminal(name string) *Terminal {
	f.t.Helper()
	t, ok := f.terminals[name]
	if !ok {
		f.t.Fatalf("no terminal %q in the fleet", name)
	}
	return t
}

// authority runs a command of the authority, and returns what it prints.
func (f *Fleet) authority(args ...string) string {
	f.t.Helper()
	args = append([]string{"--dir", filepath.Join(f.dir, "ca"), "--password-file", filepath.Join(f.dir, "passphrase")}, args...)
	return output(f.t, exec.Command(filepath.Join(f.bin, "certexch-authority"), args...))
}

func (f *Fleet) save(file, text string) {
	f.t.Helper()
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
}
