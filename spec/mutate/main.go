// Command mutate switches off each numbered check of the specification in turn and shows a test that
// fails without it. It is run from the root of the module; it ends with status 1 if a check can be
// switched off unnoticed. No file is changed: the altered one is laid over the tree for the compiler.
//
//	go run ./spec/mutate [-only P5] [DIR...]
//
// A check is an if statement, or a row {"C3", condition, …}, with its number in a comment on its line.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// guarded are the packages whose checks are numbered.
var guarded = []string{"certauth", "protocol", "internal/transfer"}

func main() {
	only := flag.String("only", "", "switch off this check alone")
	flag.Parse()
	dirs := flag.Args()
	if len(dirs) == 0 {
		dirs = guarded
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	unnoticed, err := run(ctx, dirs, *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
	if unnoticed > 0 {
		fmt.Printf("%d checks can be switched off and no test fails\n", unnoticed)
		os.Exit(1)
	}
}

func run(ctx context.Context, dirs []string, only string) (unnoticed int, err error) {
	began, total := time.Now(), 0
	for _, dir := range dirs {
		checks, err := findChecks(dir)
		if err != nil {
			return 0, err
		}
		for _, c := range checks {
			if only != "" && c.id != only {
				continue
			}
			total++
			failed, err := failingTest(ctx, c)
			if err != nil {
				return 0, err
			}
			if failed == "" {
				unnoticed++
				failed = "NONE"
			}
			fmt.Printf("%-5s %-32s %s\n", c.id, c.place, failed)
		}
	}
	fmt.Printf("%d checks in %.0f s\n", total, time.Since(began).Seconds())
	return unnoticed, nil
}

// failingTest returns the first test that fails when c is switched off: of its own package or, where
// those all pass, of the vectors.
func failingTest(ctx context.Context, c check) (string, error) {
	dir, err := os.MkdirTemp("", "certexch-mutate-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	overlay, err := lay(dir, c)
	if err != nil {
		return "", err
	}
	for _, pkg := range []string{filepath.Dir(c.file), "spec"} {
		out, err := goTest(ctx, overlay, pkg)
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if name := nameOfFailure(out); name != "" {
			return pkg + " " + name, nil
		}
		if bytes.Contains(out, []byte("panic: test timed out")) {
			continue
		}
		return "", fmt.Errorf("%s %s: %w\n%s", c.id, c.place, err, out)
	}
	return "", nil
}

var failure = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)|^(panic: .*)|^(fatal error: .*)`)

// nameOfFailure returns the first failure in the output. Tests inside a test come after it, and the
// innermost says most. That the time was over is no failure: nobody would know what of.
func nameOfFailure(out []byte) (name string) {
	for _, m := range failure.FindAllSubmatch(out, -1) {
		inner := string(m[1]) + string(m[2]) + string(m[3])
		if strings.HasPrefix(inner, "panic: test timed out") {
			break
		}
		if !strings.HasPrefix(inner, name) {
			break
		}
		name = inner
	}
	return name
}
