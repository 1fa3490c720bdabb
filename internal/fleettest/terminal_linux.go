package fleettest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/certexch/certexch/internal/labtest"
)

// Terminal is one home, and the host on which commands with it run.
type Terminal struct {
	Name  string // its identity, without the trust domain
	Home  string
	Host  *labtest.Host
	fleet *Fleet
}

// Identity is the terminal's whole identity.
func (t *Terminal) Identity() string { return TrustDomain + "/" + t.Name }

// Command is a command of certexch in the terminal's home, on its host.
func (t *Terminal) Command(args ...string) *exec.Cmd {
	return t.Host.Command(filepath.Join(t.fleet.bin, "certexch"), append([]string{"--home", t.Home}, args...)...)
}

// Run runs a command, which must succeed, and returns what it prints.
func (t *Terminal) Run(args ...string) string {
	t.fleet.t.Helper()
	return output(t.fleet.t, t.Command(args...))
}

// Failure is how a command has failed.
type Failure struct {
	Reason string `json:"reason"`
	Code   int    `json:"code"`
	Text   string `json:"text"`
	Try    string `json:"try"`
}

// Fail runs a command that must fail, and returns how it did.
func (t *Terminal) Fail(args ...string) Failure {
	t.fleet.t.Helper()
	f, err := t.Try(args...)
	if err != nil {
		t.fleet.t.Fatal(err)
	}
	if f.Code == 0 {
		t.fleet.t.Fatalf("certexch %s did not fail", strings.Join(args, " "))
	}
	return f
}

// Try runs a command and returns how it failed; Code is 0 if it has not. The error says that the command
// could not be run, or failed in a way that it does not document.
func (t *Terminal) Try(args ...string) (Failure, error) {
	var stderr bytes.Buffer
	cmd := t.Command(append([]string{"--json"}, args...)...)
	cmd.Stderr = &stderr
	err := cmd.Run()
	if err == nil {
		return Failure{}, nil
	}
	var exit *exec.ExitError
	var f Failure
	if !errors.As(err, &exit) {
		return f, err
	}
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &f); err != nil || f.Code != exit.ExitCode() {
		return f, fmt.Errorf("certexch %s: %w\n%s", strings.Join(args, " "), exit, &stderr)
	}
	return f, nil
}

// Share adds a share, which every registered terminal may read, to the configuration.
func (t *Terminal) Share(name, folder string) {
	t.Configure(fmt.Sprintf("\n[[share]]\nname = %q\npath = %q\nread = [\"*\"]\n", name, folder))
}

// Configure adds lines to the configuration.
func (t *Terminal) Configure(lines string) {
	t.fleet.t.Helper()
	file, err := os.OpenFile(t.config(), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString(lines)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		t.fleet.t.Fatal(err)
	}
}

// Reconfigure replaces a line of the configuration, which must be there.
func (t *Terminal) Reconfigure(old, new string) {
	t.fleet.t.Helper()
	text, err := os.ReadFile(t.config())
	if err != nil || !bytes.Contains(text, []byte(old)) {
		t.fleet.t.Fatalf("no %q in the configuration: %v", old, err)
	}
	if err := os.WriteFile(t.config(), bytes.Replace(text, []byte(old), []byte(new), 1), 0o600); err != nil {
		t.fleet.t.Fatal(err)
	}
}

func (t *Terminal) config() string { return filepath.Join(t.Home, "config.toml") }

// output runs a command, which must succeed, and returns what it prints.
func output(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, &stderr)
	}
	return strings.TrimSpace(string(out))
}
