package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// command makes a fresh process for each run.
type command func() *exec.Cmd

// measure runs a command once, into a target that is not there yet, and returns its wall time and its
// largest resident size in bytes.
func measure(c command, target string) (time.Duration, int64, error) {
	if err := os.RemoveAll(target); err != nil {
		return 0, 0, err
	}
	cmd := c()
	if out, ok := cmd.Stdout.(io.Closer); ok {
		defer out.Close()
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w\n%s", cmd.Path, err, stderr.Bytes())
	}
	return took, maxRSS(cmd.ProcessState), nil
}

func maxRSS(state *os.ProcessState) int64 {
	return state.SysUsage().(*syscall.Rusage).Maxrss << 10
}

// output runs a command and returns what it prints.
func output(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %q: %w\n%s", name, args, err, stderr.Bytes())
	}
	return string(out), nil
}

// manySize is the size of the file that is fetched a hundred times at once.
const manySize = 128 << 20

// treeFiles and treeSize are the number of files of the tree, and the bytes of each.
const (
	treeFiles = 10_000
	treeSize  = 4 << 10
)

// writeTree makes the tree to fetch, a hundred files to a folder.
func writeTree(dir string) error {
	for i := range treeFiles {
		folder := filepath.Join(dir, fmt.Sprintf("%02d", i/100))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		content := make([]byte, treeSize)
		_, _ = rand.Read(content)
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%04d", i)), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// writeFiles makes the files to fetch: random bytes, which nothing on the way can make smaller.
func writeFiles(dir string, size int64) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, n := range map[string]int64{"small": 1 << 10, "large": size, "many": manySize} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if _, err := io.CopyN(f, rand.Reader, n); err != nil {
			f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
