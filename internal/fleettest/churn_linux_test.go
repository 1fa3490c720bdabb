package fleettest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/labtest"
)

// mostTwice is what may be received twice for each kill, with everything that the network adds: what was under
// way, and what had not been verified.
const mostTwice = 16 << 20

// A tree of many small files and a large one arrives though either side is killed again and again, each time
// followed by the same command. Nothing has its name, at any moment, that is not whole, and little is received
// twice: what the network counts is the content, and mostTwice for each kill that interrupts something.
// CERTEXCH_LONG=1 takes 1 GiB, and kills 20 times.
func TestF1TreeKilledOnEitherSide(t *testing.T) {
	size, kills := int64(192<<20), 6
	if os.Getenv("CERTEXCH_LONG") != "" {
		size, kills = 1<<30, 20
	}
	lab := labtest.New(t)
	fleet := New(t, lab, "nas", "desk")
	nas, desk := fleet.Terminal("nas"), fleet.Terminal("desk")
	share, into := filepath.Join(t.TempDir(), "share"), t.TempDir()
	content := plantTree(t, share, size)
	nas.Share("docs", share)
	server := nas.Serve()
	desk.Run("ls", "--addr", server.Addr("tcp"), "nas") // so that it knows where, from now on

	before := desk.Host.Received()
	arrived := watch(t, share, into)
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	pace := time.Duration(size>>20) * 4 * time.Millisecond / time.Duration(kills) // a good deal of the tree each
	hits := 0
	for kill := range kills {
		get := desk.Command("-q", "get", "-r", "--retry", "0s", "nas:docs", into)
		if err := get.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200*time.Millisecond + time.Duration(random.Int64N(int64(2*pace)))) // a kill is at no moment of its own
		var err error
		if side := random.IntN(2); side == 0 {
			_ = get.Process.Kill()
			if err = get.Wait(); err != nil && get.ProcessState.Exited() {
				t.Errorf("before kill %d it failed by itself: %v", kill, err)
			}
		} else {
			server.Kill()
			err = get.Wait()
			server = nas.Serve()
		}
		if err != nil {
			hits++
		} else {
			t.Logf("kill %d came too late", kill)
		}
	}
	desk.Run("-q", "get", "-r", "nas:docs", into)
	twice := int64(desk.Host.Received()-before) - content
	t.Logf("%d MiB were received twice, with what the network adds, over %d kills of which %d interrupted something", twice>>20, kills, hits)
	if hits == 0 || twice > int64(hits)*mostTwice {
		t.Errorf("there is to be one at least, and no more than %d MiB for each", mostTwice>>20)
	}
	arrived()
	if out, err := exec.Command("diff", "-r", share, filepath.Join(into, "docs")).CombinedOutput(); err != nil {
		t.Errorf("the trees differ: %v\n%.2000s", err, out)
	}
}

// plantTree makes a folder with 200 small files and one of the size, and returns the size of all.
func plantTree(t *testing.T, dir string, size int64) int64 {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "many"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeRandom(t, filepath.Join(dir, "large"), size)
	total := size
	for i := range 200 {
		writeRandom(t, filepath.Join(dir, "many", fmt.Sprint(i)), int64(i*i))
		total += int64(i * i)
	}
	return total
}

// watch looks, until the function that it returns is called or the test ends, at what comes to be in a folder under
// its own name: it has to be whole from the first moment.
func watch(t *testing.T, share, into string) (stop func()) {
	t.Helper()
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		seen := make(map[string]bool)
		for {
			for _, path := range files(t, into) {
				if seen[path] {
					continue
				}
				seen[path] = true
				name := strings.TrimPrefix(path, filepath.Join(into, "docs"))
				if !sameFile(path, filepath.Join(share, name)) {
					t.Errorf("%s has its name and is not whole", name)
				}
			}
			select {
			case <-end:
				return
			case <-time.After(20 * time.Millisecond): // the processes are to have the machine, too
			}
		}
	}()
	stop = sync.OnceFunc(func() {
		close(end)
		<-ended
	})
	t.Cleanup(stop)
	return stop
}

func sameFile(a, b string) bool {
	return exec.Command("cmp", "-s", a, b).Run() == nil
}
