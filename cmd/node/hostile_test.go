package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/rogpeppe/go-internal/testscript"
)

// hostileNames are names that act on a terminal, forge lines, or look like others.
var hostileNames = []string{
	"clear\x1b[2J", "clip\x1b]52;c;AAAA\a", "two\nlines", "back\rspace\b\b", "bell\a",
	"gpj.\u202etxt", "c1\u009b31m", "raw\x9b31m", "bad\xff", "wide\u200bspace", "\u2066isolate", "tag\U000e0041",
}

// cmdHostile: hostile DIR makes files with such names, as far as the file system takes them, and sets
// $RLO to the character that turns the direction of writing.
func cmdHostile(ts *testscript.TestScript, neg bool, args []string) {
	ts.Setenv("RLO", "\u202e")
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	made := 0
	for _, name := range hostileNames {
		if os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600) == nil {
			made++
		}
	}
	if made == 0 {
		ts.Fatalf("no hostile name could be made")
	}
}

// cmdVisible: visible FILE... fails if a file (or stdout, or stderr) holds a byte that is not of a
// visible character, a space or a line feed.
func cmdVisible(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		text := ts.ReadFile(name)
		for i, r := range text {
			if r != '\n' && !unicode.IsPrint(r) || r == unicode.ReplacementChar {
				ts.Fatalf("%s holds %U at byte %d: %q", name, r, i, text)
			}
		}
	}
}

// cmdNoSecret: nosecret HOME FILE... fails if a file holds a part of HOME's private keys: raw, in hex,
// or in base64.
func cmdNoSecret(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args[1:] {
		if name != "stdout" && name != "stderr" {
			name = ts.MkAbs(name)
		}
		holdsNone(ts, args[0], name, ts.ReadFile(name))
	}
}

// cmdSealed: sealed HOME fails if the arguments or the environment of a process in the background hold
// a part of HOME's private keys, or if it may leave its memory in a core file.
func cmdSealed(ts *testscript.TestScript, neg bool, args []string) {
	for _, cmd := range ts.BackgroundCmds() {
		proc := "/proc/" + strconv.Itoa(cmd.Process.Pid)
		for _, name := range []string{"cmdline", "environ"} {
			text, err := os.ReadFile(filepath.Join(proc, name))
			ts.Check(err)
			holdsNone(ts, args[0], name, string(text))
		}
		limits, err := os.ReadFile(filepath.Join(proc, "limits"))
		ts.Check(err)
		if !regexp.MustCompile(`(?m)^Max core file size +0 +0 `).Match(limits) {
			ts.Fatalf("a core file may be left:\n%s", limits)
		}
	}
}

// holdsNone fails if text holds a part of the private keys of home.
func holdsNone(ts *testscript.TestScript, home, name, text string) {
	for _, key := range []string{"signing.key", "sealing.key"} {
		file := ts.ReadFile(filepath.Join(home, "state", key))
		block, _ := pem.Decode([]byte(file))
		if block == nil {
			ts.Fatalf("%s holds no key", key)
		}
		secret := block.Bytes[len(block.Bytes)-32:] // the seed
		switch {
		case !holds(file, secret):
			ts.Fatalf("this search does not find a secret where it is")
		case holds(text, secret):
			ts.Fatalf("%s holds a part of %s", name, key)
		}
	}
}

// holds reports whether text holds a third of secret in some spelling.
func holds(text string, secret []byte) bool {
	lower := strings.ToLower(text)
	for i := 0; i+12 <= len(secret); i++ {
		part := secret[i : i+12]
		if strings.Contains(text, string(part)) || strings.Contains(lower, hex.EncodeToString(part)) ||
			strings.Contains(text, base64.StdEncoding.EncodeToString(part)) ||
			strings.Contains(text, base64.URLEncoding.EncodeToString(part)) {
			return true
		}
	}
	return false
}
