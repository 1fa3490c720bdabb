package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnitExposure: what an attacker who has taken over the process can do to the system.
func TestUnitExposure(t *testing.T) {
	needs(t, "systemd-analyze")
	const most = "25" // tenths
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold="+most, "certexch.service").CombinedOutput()
	if strings.Contains(string(out), "offline") {
		t.Skipf("this systemd judges only what runs: %s", out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	t.Log(lines[len(lines)-1])
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestUnitVerifies: systemd has nothing to say of the unit.
func TestUnitVerifies(t *testing.T) {
	needs(t, "systemd-analyze")
	dir := t.TempDir()
	program := filepath.Join(dir, "certexch") // one that exists
	text, err := os.ReadFile("certexch.service")
	check(t, err, os.WriteFile(program, nil, 0o755))
	unit := filepath.Join(dir, "certexch.service")
	check(t, os.WriteFile(unit, []byte(strings.ReplaceAll(string(text), "/usr/local/bin/certexch", program)), 0o644))
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}
