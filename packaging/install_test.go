package packaging

import (
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestInstalledFiles: programs that run on their own, and text that nobody but root can change.
func TestInstalledFiles(t *testing.T) {
	root := t.TempDir()
	install(t, root)
	want := []string{
		"bin/certexch", "bin/certexch-authority",
		"lib/systemd/system/certexch.service", "lib/sysusers.d/certexch.conf", "lib/tmpfiles.d/certexch.conf",
		"share/bash-completion/completions/certexch", "share/bash-completion/completions/certexch-authority",
		"share/doc/certexch/LICENSE", "share/doc/certexch/README.md", "share/doc/certexch/SECURITY.md",
		"share/doc/certexch/config.example.toml", "share/doc/certexch/operating.md",
		"share/fish/vendor_completions.d/certexch-authority.fish", "share/fish/vendor_completions.d/certexch.fish",
		"share/zsh/site-functions/_certexch", "share/zsh/site-functions/_certexch-authority",
	}
	got := files(t, root)
	for i, name := range want {
		want[i] = "usr/local/" + name
	}
	if !slices.Equal(got, want) {
		t.Errorf("installed %q", got)
	}
	for _, name := range got {
		info, err := os.Stat(filepath.Join(root, name))
		check(t, err)
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(name, "usr/local/bin/") {
			mode = 0o755
		}
		if info.Mode() != mode || info.Size() == 0 {
			t.Errorf("%s: %v, %d bytes", name, info.Mode(), info.Size())
		}
	}
	static(t, filepath.Join(root, "usr/local/bin/certexch"))
	static(t, filepath.Join(root, "usr/local/bin/certexch-authority"))
}

// static wants a program that needs no other file, and carries no table of symbols.
func static(t *testing.T, program string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return
	}
	f, err := elf.Open(program)
	check(t, err)
	defer f.Close()
	if libraries, err := f.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("%s needs %q, %v", program, libraries, err)
	}
	if f.Section(".symtab") != nil || f.Section(".debug_info") != nil {
		t.Errorf("%s is not stripped", program)
	}
}

// TestUpgradeWhileRunning: a program that runs goes on as it is, and configuration and state stay.
func TestUpgradeWhileRunning(t *testing.T) {
	root := t.TempDir()
	install(t, root)
	program := filepath.Join(root, "usr/local/bin/certexch")
	kept := []string{filepath.Join(root, "etc/certexch/config.toml"), filepath.Join(root, "var/lib/certexch/allowlist")}
	for _, path := range kept {
		check(t, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("mine\n"), 0o600))
	}
	running := exec.Command(program, "install", "-") // reads its input, which does not end before we say so
	stdin, err := running.StdinPipe()
	check(t, err, running.Start())
	before, err := os.Stat(program)
	check(t, err)
	install(t, root)
	after, err := os.Stat(program)
	check(t, err)
	if os.SameFile(before, after) {
		t.Error("written into the program that runs")
	}
	check(t, stdin.Close())
	if err := running.Wait(); err == nil || running.ProcessState.ExitCode() <= 0 {
		t.Errorf("the running program did not end by itself: %v", err)
	}
	install(t, root, "--uninstall")
	for _, path := range kept {
		if text, err := os.ReadFile(path); err != nil || string(text) != "mine\n" {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
	if left := files(t, root); len(left) != len(kept) {
		t.Errorf("left behind: %q", left)
	}
}

// TestPrefix: the unit starts the program where it was put, and is where systemd looks.
func TestPrefix(t *testing.T) {
	t.Setenv("PREFIX", "/opt/certexch")
	root := t.TempDir()
	install(t, root)
	unit, err := os.ReadFile(filepath.Join(root, "usr/local/lib/systemd/system/certexch.service"))
	check(t, err)
	if !strings.Contains(string(unit), "\nExecStart=/opt/certexch/bin/certexch serve\n") || strings.Contains(string(unit), "/usr/local/bin") {
		t.Errorf("the unit:\n%s", unit)
	}
	check(t, os.Remove(filepath.Join(root, "opt/certexch/bin/certexch")))
}

// TestNothingToInstall: the script alone, as it is in the repository, says what to do first.
func TestNothingToInstall(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	root := t.TempDir()
	cmd := exec.Command("./install.sh")
	cmd.Env = append(os.Environ(), "DESTDIR="+root)
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "packaging/build") || len(files(t, root)) > 0 {
		t.Errorf("%v, %s", err, out)
	}
}

// files are the regular files below root, in their order.
func files(t *testing.T, root string) (names []string) {
	t.Helper()
	check(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			names = append(names, strings.TrimPrefix(path, root+"/"))
		}
		return err
	}))
	return names
}
