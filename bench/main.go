// Command bench measures certexch against the tools that people use today, in the same run and on the
// same files, and prints ratios. It needs ssh, scp, rsync and sshd; it starts an sshd of its own on loopback.
//
//	go run ./bench [-size 2048] [-runs 5] [-dir /dev/shm]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"
)

func main() {
	size := flag.Int64("size", 2048, "size of the large file in MiB")
	runs := flag.Int("runs", 5, "counted runs of each command, after one that is not")
	dir := flag.String("dir", "/dev/shm", "where files lie, tmpfs for figures that compare")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir, *size<<20, *runs); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, size int64, runs int) error {
	dir, err := os.MkdirTemp(dir, "certexch-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := writeFiles(filepath.Join(dir, "share"), size); err != nil {
		return err
	}
	if err := writeTree(filepath.Join(dir, "share", "tree")); err != nil {
		return err
	}
	ssh, err := startSSH(ctx, filepath.Join(dir, "ssh"))
	if err != nil {
		return err
	}
	defer ssh.stop()
	pair, err := startPair(ctx, dir, 1)
	if err != nil {
		return err
	}
	defer pair.stop()

	fmt.Println("| work | certexch | other | ratio | certexch memory (asking side) |")
	fmt.Println("|---|---|---|---|---|")
	small, large := filepath.Join(dir, "share", "small"), filepath.Join(dir, "share", "large")
	target := filepath.Join(dir, "target")
	err = compare(ctx, runs, "1 KiB, whole command, against `ssh host cat`",
		pair.get(ctx, "small", target), ssh.cat(ctx, small, target), target, time.Duration.String)
	if err != nil {
		return err
	}
	files := func(d time.Duration) string { return fmt.Sprintf("%.0f files/s", treeFiles/d.Seconds()) }
	err = compare(ctx, runs, "10,000 files of 4 KiB, against rsync -a over ssh",
		pair.getTree(ctx, "tree", target), ssh.sync(ctx, filepath.Join(dir, "share", "tree"), target), target, files)
	if err != nil {
		return err
	}
	rate := func(d time.Duration) string { return fmt.Sprintf("%.0f MB/s", float64(size)/1e6/d.Seconds()) }
	err = compare(ctx, runs, fmt.Sprintf("%d MiB file to file, against scp aes128-gcm", size>>20),
		pair.get(ctx, "large", target), ssh.copy(ctx, large, target), target, rate)
	if err != nil {
		return err
	}
	if err := pair.runDesk(ctx); err != nil {
		return err
	}
	err = compare(ctx, runs, "1 KiB through a running terminal, whole command, against `ssh host cat`",
		pair.get(ctx, "small", target), ssh.cat(ctx, small, target), target, time.Duration.String)
	if err != nil {
		return err
	}
	fmt.Printf("\nMemory of the serving side at its highest: %s\n", mebibytes(pair.stop()))
	return many(ctx, dir, manySize)
}

// compare runs two commands in turn and prints the medians and the median of the ratios pair by pair.
func compare(ctx context.Context, runs int, title string, ours, theirs command, target string, show func(time.Duration) string) error {
	var a, b []time.Duration
	var ratios []float64
	var memory int64
	for i := range runs + 1 {
		mine, rss, err := measure(ours, target)
		if err != nil {
			return fmt.Errorf("%s: %w", title, err)
		}
		other, _, err := measure(theirs, target)
		if err != nil {
			return fmt.Errorf("%s: %w", title, err)
		}
		if i == 0 {
			continue
		}
		a, b = append(a, mine), append(b, other)
		ratios = append(ratios, other.Seconds()/mine.Seconds())
		memory = max(memory, rss)
	}
	fmt.Printf("| %s | %s | %s | %.2f× as fast | %s |\n", title, show(median(a)), show(median(b)), median(ratios), mebibytes(memory))
	return ctx.Err()
}

func median[T int64 | float64 | time.Duration](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }
