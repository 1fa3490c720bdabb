package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// most downloads are at once, each of crowd terminals up to eight of them: each is a connection, and a host takes 32
// of one peer.
const (
	crowd = 13
	each  = 8
	most  = 100
)

// many downloads one file a hundred times at once, and says how far the fastest and the slowest are apart and
// what the serving side held.
func many(ctx context.Context, dir string, size int64) error {
	p, err := startPair(ctx, dir, crowd)
	if err != nil {
		return err
	}
	defer p.stop()
	var all sync.WaitGroup
	var mu sync.Mutex
	var times []time.Duration
	var failed error
	for i := range most {
		all.Go(func() {
			began := time.Now()
			home := filepath.Join(dir, fmt.Sprintf("desk%d", i/each))
			err := exec.CommandContext(ctx, p.program, "--home", home, "-q", "--timeout", "2m", "cat", "--addr", p.addr, "nas:share/many").Run()
			mu.Lock()
			defer mu.Unlock()
			times = append(times, time.Since(began))
			if err != nil {
				failed = err
			}
		})
	}
	all.Wait()
	if failed != nil {
		return fmt.Errorf("a hundred downloads at once: %w", failed)
	}
	slices.Sort(times)
	fmt.Printf("\n%d downloads of %d MiB at once: the fastest in %.1f s, the slowest in %.1f s; memory of the serving side at its highest: %s\n",
		most, size>>20, times[0].Seconds(), times[len(times)-1].Seconds(), mebibytes(p.stop()))
	return nil
}
