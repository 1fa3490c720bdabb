// Package packaging installs certexch as a service: a unit, the user that it runs as, and a script that puts
// all of it in place. There is no Go in it but its tests.
package packaging

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if builtIn != "" {
		_ = os.RemoveAll(builtIn)
	}
	os.Exit(code)
}

// builtIn is the folder of the build that the tests share.
var builtIn string

var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "packaging")
	if err != nil {
		return "", err
	}
	builtIn = dir
	out, err := exec.Command("./build", dir).CombinedOutput()
	if err != nil {
		return "", errors.New(err.Error() + "\n" + string(out))
	}
	return dir, nil
})

// built returns the folder to install from.
func built(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("building both programs as for a release takes a minute: run it without -short")
	}
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	dir, err := build()
	check(t, err)
	return dir
}

// install installs into the folder root, in place of a machine.
func install(t *testing.T, root string, args ...string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(built(t), "install.sh"), args...)
	cmd.Env = append(os.Environ(), "DESTDIR="+root)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("install.sh: %v\n%s", err, out)
	}
}

func check(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// needs skips a test without one of these programs.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("needs the program %s", p)
		}
	}
}
