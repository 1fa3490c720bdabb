package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/certexch/certexch/internal/cli"
)

// A request, in PEM, for the identity acme.example/wish.
func request(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "request.csr"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// D11: whatever is written, a terminal gets nothing but printable characters,
// and what reads JSON gets the text as it was.
func TestD11NothingActsOnTheTerminal(t *testing.T) {
	r := newTrial(t)
	r.must(t, "init", "--trust-domain", "acme.example")
	r.stdin = strings.NewReader(request(t))
	r.must(t, "sign", "-", "--id", "nas")
	evil := "\x1b]52;c;AAAA\a\x1b[2J\r\n\tx\u009b31m\u202Egpj.\u2028\U000E0001\"é"
	var printed strings.Builder
	record := func() { printed.WriteString(r.out.String() + r.err.String()) }

	r.must(t, "revoke", "nas", "--reason", evil)
	record()
	r.must(t, "show", "nas")
	record()
	r.must(t, "show", "nas", "--json")
	record()
	var shown struct{ Reason string }
	if err := json.Unmarshal(r.out.Bytes(), &shown); err != nil || shown.Reason != evil {
		t.Errorf("reason in JSON: %q, %v", shown.Reason, err)
	}
	r.must(t, "list", "--json")
	record()
	for _, args := range [][]string{
		{evil},
		{"show", evil},
		{"sign", evil, "--id", "nas"},
		{"sign", "-", "--id", evil},
		{"--dir", evil, "list"},
		{"--password-file", evil, "crl"},
		{"crl", "--valid", evil},
		{"init", "--trust-domain", evil},
	} {
		if r.at(args...) == 0 {
			t.Errorf("%q succeeded", args)
		}
		record()
	}
	for _, c := range printed.String() {
		if c != '\n' && !unicode.IsPrint(c) {
			t.Errorf("%U was printed", c)
		}
	}
}

// E3: no flag takes a secret, and no output or file holds the passphrase.
func TestE3NoSecretShown(t *testing.T) {
	r := newTrial(t)
	var everything strings.Builder
	for _, args := range [][]string{
		{"init", "--trust-domain", "acme.example"},
		{"fingerprint"},
		{"sign", "-", "--id", "nas"},
		{"list", "--json"},
		{"show", "nas"},
		{"revoke", "nas"},
		{"crl"},
	} {
		r.stdin = strings.NewReader(request(t))
		r.must(t, args...)
		everything.WriteString(r.out.String() + r.err.String())
	}
	everything.WriteString(tree(t, r.where))
	if strings.Contains(everything.String(), passphrase) {
		t.Error("the passphrase was shown or stored")
	}
	for _, cmd := range append(newRoot(r.environment).Commands(), newRoot(r.environment)) {
		allFlags(cmd, func(f *pflag.Flag) {
			for _, word := range []string{"pass", "secret", "token", "key"} {
				if strings.Contains(f.Name, word) && f.Name != "password-file" {
					t.Errorf("%s takes --%s", cmd.Name(), f.Name)
				}
			}
		})
	}
}

func allFlags(cmd *cobra.Command, visit func(*pflag.Flag)) {
	cmd.LocalFlags().VisitAll(visit)
	cmd.InheritedFlags().VisitAll(visit)
}

// Nobody at the terminal, or somebody who gives up: a plain sentence, and nothing done.
func TestE3NoPassphrase(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		want string
	}{
		{errNoTerminal, codeOther, "try: --password-file FILE"},
		{context.Canceled, codeCancelled, "canceled"},
	} {
		r := newTrial(t)
		r.must(t, "init", "--trust-domain", "acme.example")
		before := tree(t, r.where)
		r.ask = func(context.Context, string) ([]byte, error) { return nil, c.err }
		for _, args := range [][]string{{"crl"}, {"sign", "-", "--id", "nas"}} {
			r.stdin = strings.NewReader(request(t))
			code := r.at(args...)
			if code != c.code || !strings.Contains(r.err.String(), c.want) || r.out.Len() > 0 {
				t.Errorf("%q: exit code %d: %s", args, code, r.err.String())
			}
		}
		if tree(t, r.where) != before {
			t.Errorf("%v: something has changed", c.err)
		}
		r.where += "2"
		if code := r.at("init", "--trust-domain", "acme.example"); code != c.code {
			t.Errorf("init: exit code %d: %s", code, r.err.String())
		}
		if made := tree(t, r.where); made != "" {
			t.Errorf("init left %q", made)
		}
	}
}

// What is not exactly one request is refused before the passphrase is asked for.
func TestSignRefusesWhatIsNoRequest(t *testing.T) {
	r := newTrial(t)
	r.must(t, "init", "--trust-domain", "acme.example")
	r.ask = func(context.Context, string) ([]byte, error) {
		t.Error("asked for the passphrase")
		return nil, errNoTerminal
	}
	good := request(t)
	for name, text := range map[string]string{
		"nothing":         "",
		"text":            "hello\n",
		"text before":     "hello\n" + good,
		"text after":      good + "hello\n",
		"two":             good + good,
		"another type":    strings.ReplaceAll(good, "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
		"a private key":   strings.ReplaceAll(good, "CERTIFICATE REQUEST", "PRIVATE KEY"),
		"a byte changed":  strings.Replace(good, "A", "B", 1),
		"cut":             good[:len(good)/2],
		"too much":        good + strings.Repeat("\n", maxRequest),
		"endless garbage": strings.Repeat("-----BEGIN ", 1<<16),
	} {
		r.stdin = strings.NewReader(text)
		if code := r.at("sign", "-", "--id", "nas"); code != codeOther || r.out.Len() > 0 || !strings.Contains(r.err.String(), "request") {
			t.Errorf("%s: exit code %d: %s", name, code, r.err.String())
		}
	}
}

// A certificate that could not be printed is not taken for a success.
func TestSignToFullDisk(t *testing.T) {
	r := newTrial(t)
	r.must(t, "init", "--trust-domain", "acme.example")
	for _, args := range [][]string{{"sign", "-", "--id", "nas"}, {"crl"}, {"fingerprint"}, {"list"}, {"show", "nas"}, {"version"}} {
		e := *r.environment
		e.stdin, e.stdout, e.stderr = strings.NewReader(request(t)), full{}, cli.Writer{W: &r.err}
		r.err.Reset()
		if code := e.execute(context.Background(), append([]string{"--dir", r.where}, args...)); code != codeOther || !strings.Contains(r.err.String(), errFull.Error()) {
			t.Errorf("%q: exit code %d: %s", args, code, r.err.String())
		}
	}
}

var errFull = errors.New("no space left on device")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
