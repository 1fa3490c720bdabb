package fleettest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/certexch/certexch/internal/labtest"
)

// TestTreeByName: a tree of thousands of files is fetched by the terminal's name alone, while the address at
// which it was found becomes another; the command goes on by itself, or says what to repeat, and in the end
// the trees are equal. CERTEXCH_LONG=1 takes all of Go's, in place of a part of its library.
func TestTreeByName(t *testing.T) {
	lab := labtest.New(t)
	fleet := New(t, lab, "nas", "desk")
	nas, desk := fleet.Terminal("nas"), fleet.Terminal("desk")
	tree := filepath.Join(goroot(t), "src", "crypto")
	if os.Getenv("CERTEXCH_LONG") != "" {
		tree = goroot(t)
	}
	nas.Reconfigure("  \"/ip6/::/tcp/24242\",\n  \"/ip6/::/udp/24242/quic-v1\",\n", "") // or that would be found, unchanged
	nas.Share("go", tree)
	nas.Serve()

	into := t.TempDir()
	var stderr bytes.Buffer
	get := desk.Command("--json", "--timeout", "5s", "get", "-r", "nas:go", into)
	get.Stderr = &stderr
	if err := get.Start(); err != nil {
		t.Fatal(err)
	}
	for len(files(t, into)) < 20 { // another process writes them: there is nothing to wait on but to look again
		runtime.Gosched()
	}
	old := nas.Host.Addr()
	nas.Host.SetAddr(old.Next().Next().Next().Next().String())
	err := get.Wait()
	t.Logf("the command whose terminal moved: %v %s", err, &stderr)
	for tries := 0; err != nil; tries++ {
		if tries == 3 {
			t.Fatalf("not done after three more: %v", err)
		}
		if !strings.Contains(stderr.String(), `"try":`) {
			t.Errorf("it does not say what to try: %s", &stderr)
		}
		_, err = desk.Command("get", "-r", "nas:go", into).Output()
	}
	if out, err := exec.Command("diff", "-r", "--no-dereference", tree, filepath.Join(into, "go")).CombinedOutput(); err != nil {
		t.Errorf("the trees differ: %v\n%.2000s", err, out)
	}
}

func goroot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("no Go here: %v", err)
	}
	root, err := filepath.EvalSymlinks(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// files are those below dir that have their names.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && !strings.HasPrefix(d.Name(), ".certexch-") {
			names = append(names, path)
		}
		return nil // what is gone since the folder was read is no file
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
