package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const operating = "../docs/operating.md"

// A command of ours in the text or in a block, up to where the shell takes over.
var spoken = regexp.MustCompile("\\b(certexch(?:-authority)?) ([^`\n|>&#]*)")

// TestOperatingCommandsExist: every command in operating.md is one of the programs', with its flags.
func TestOperatingCommandsExist(t *testing.T) {
	text, err := os.ReadFile(operating)
	check(t, err)
	dir, found := built(t), 0
	for _, block := range append(blocks(string(text)), inline(string(text))...) {
		for _, m := range spoken.FindAllStringSubmatch(block, -1) {
			args := words(m[2])
			if len(args) == 0 {
				continue // the user or the unit of that name
			}
			out, err := exec.Command(filepath.Join(dir, m[1]), append(args, "--help")...).CombinedOutput()
			_, usage, _ := strings.Cut(string(out), "Usage:\n")
			usage, _, _ = strings.Cut(usage, "\n")
			if err != nil || strings.Contains(usage, "COMMAND") {
				t.Errorf("there is no %q: %v, %s", m[0], err, usage)
			}
			found++
		}
	}
	if found < 30 {
		t.Errorf("only %d commands found", found)
	}
}

// words splits a command as far as it matters here: quotes hold a word together.
func words(s string) (args []string) {
	for _, w := range regexp.MustCompile(`"[^"]*"|[^\s]+`).FindAllString(s, -1) {
		args = append(args, strings.Trim(w, `"`))
	}
	return args
}

// blocks are the shell commands of a document, one string for each block.
func blocks(text string) (all []string) {
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

// inline is what stands between single backquotes and is a command of ours.
func inline(text string) (all []string) {
	text = regexp.MustCompile("(?s)```.*?```").ReplaceAllString(text, "")
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		command := strings.Join(strings.Fields(m[1]), " ")
		if _, as, found := strings.Cut(command, " -- "); found { // run as somebody else
			command = as
		}
		if strings.HasPrefix(command, "certexch ") || strings.HasPrefix(command, "certexch-authority ") {
			all = append(all, command)
		}
	}
	return all
}
