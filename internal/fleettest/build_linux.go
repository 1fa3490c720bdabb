package fleettest

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/certexch/certexch/internal/labtest"
)

// Main is labtest.Main for tests that use this package: it also removes the programs that were built.
func Main(m *testing.M, programs map[string]func(args []string) error) int {
	defer func() { _ = os.RemoveAll(built.dir) }()
	return labtest.Main(m, programs)
}

// built are the programs, made when first asked for.
var built struct {
	once sync.Once
	dir  string
	err  error
}

const module = "github.com/certexch/certexch"

// programs returns the folder that holds certexch and certexch-authority.
func programs(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "certexch-fleet-"); built.err != nil {
			return
		}
		for name, dir := range map[string]string{"certexch": "/cmd/node", "certexch-authority": "/cmd/authority"} {
			cmd := exec.Command("go", "build", "-o", filepath.Join(built.dir, name), module+dir)
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as releases are built
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Logf("go build %s: %s", dir, out)
				built.err = err
			}
		}
	})
	if built.err != nil {
		t.Fatalf("the programs do not build: %v", built.err)
	}
	return built.dir
}
