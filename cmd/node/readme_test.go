package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeJourney runs the commands of README.md's section "By hand", in their order, in an empty
// folder. Only the folder that is served and the port are others than a reader's.
func TestReadmeJourney(t *testing.T) {
	if testing.Short() {
		t.Skip("building both programs takes most of its time: run it without -short")
	}
	work, docs := t.TempDir(), t.TempDir()
	build(t, filepath.Join(work, "bin", "certexch"), ".")
	build(t, filepath.Join(work, "bin", "certexch-authority"), "../authority")
	want := bytes.Repeat([]byte("quarter,amount\n"), 1000)
	if err := os.WriteFile(filepath.Join(docs, "report.csv"), want, 0o644); err != nil {
		t.Fatal(err)
	}
	script := journey(t)
	script = strings.ReplaceAll(script, "/srv/docs", docs)
	script = strings.Replace(script, "certexch --home nas serve &", `sed -i 's/24242/0/' nas/config.toml
certexch --home nas serve > serve.log &
trap 'kill %1; wait' EXIT
until certexch --home nas id | grep -q /tcp/; do kill -0 $!; done`, 1)

	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(work, "bin")+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	got, err := os.ReadFile(filepath.Join(work, "report.csv"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("report.csv has %d bytes, %v", len(got), err)
	}
}

// journey returns the shell commands between the README's two marks.
func journey(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, begins := strings.Cut(string(text), "<!-- journey:")
	part, _, ends := strings.Cut(part, "<!-- end of journey -->")
	if !begins || !ends {
		t.Fatal("the README has lost the marks of its journey")
	}
	var script strings.Builder
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(part, -1) {
		script.WriteString(block[1])
	}
	return script.String()
}

func build(t *testing.T, program, dir string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, dir)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as releases are built, and not once more for the race detector
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", dir, err, out)
	}
}
