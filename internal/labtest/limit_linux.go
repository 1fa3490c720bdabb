package labtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Limits are what a process may take. Zero is no limit.
type Limits struct {
	Memory    int // bytes, of the process and the files that it has read
	Processes int // threads count
	Files     int // open at once
}

// Limit makes a command that has not started run within limits. It skips the test where control groups
// (version 1) cannot be made.
func (l *Lab) Limit(cmd *exec.Cmd, limits Limits) {
	l.t.Helper()
	var script strings.Builder
	if limits.Files > 0 {
		fmt.Fprintf(&script, "ulimit -n %d && ", limits.Files)
	}
	for _, g := range []struct{ controller, file, value string }{
		{"memory", "memory.limit_in_bytes", strconv.Itoa(limits.Memory)},
		{"pids", "pids.max", strconv.Itoa(limits.Processes)},
	} {
		if g.value == "0" {
			continue
		}
		group, err := l.newGroup(g.controller, g.file, g.value)
		if err != nil {
			l.t.Skipf("no limit of %s: %v", g.controller, err)
		}
		fmt.Fprintf(&script, "echo $$ > %s/cgroup.procs && ", group)
	}
	script.WriteString(`exec "$@"`)
	shell, err := exec.LookPath("sh")
	if err != nil {
		l.t.Fatal(err)
	}
	cmd.Args = append([]string{"sh", "-c", script.String(), "sh"}, cmd.Args...)
	cmd.Path = shell
}

// newGroup makes a control group that goes when the test ends.
func (l *Lab) newGroup(controller, file, value string) (string, error) {
	l.cgroups++
	group := filepath.Join("/sys/fs/cgroup", controller, l.name+"-"+strconv.Itoa(l.cgroups))
	if err := os.Mkdir(group, 0o755); err != nil {
		return "", err
	}
	l.t.Cleanup(func() { removeGroup(group) })
	return group, write(filepath.Join(group, file), value)
}

// removeGroup ends the processes of a control group, and the group once they are gone.
func removeGroup(group string) {
	text, _ := os.ReadFile(filepath.Join(group, "cgroup.procs"))
	for _, line := range strings.Fields(string(text)) {
		if pid, err := strconv.Atoi(line); err == nil {
			kill(pid)
		}
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		err := os.Remove(group)
		if err == nil || errors.Is(err, os.ErrNotExist) || time.Now().After(deadline) {
			return
		}
		time.Sleep(time.Millisecond) // the kernel tells nobody when the last process has left
	}
}
