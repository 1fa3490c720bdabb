package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Wrong usage: usage on standard error, nothing on standard output, code 2,
// nothing changed, and no passphrase asked for.
func TestWrongUsage(t *testing.T) {
	r := newTrial(t)
	r.must(t, "init", "--trust-domain", "acme.example")
	before := tree(t, filepath.Dir(r.where))
	r.ask = func(context.Context, string) ([]byte, error) {
		t.Error("asked for the passphrase")
		return []byte(passphrase), nil
	}
	at := "--dir " + r.where + " "
	other := "--dir " + r.where + "2 "
	for _, line := range []string{
		"",
		"bogus",
		"Sign",
		"--bogus list",
		"list",
		"--dir",
		at,
		at + "list extra",
		at + "list --bogus",
		at + "list --json=perhaps",
		at + "fingerprint extra",
		other + "init",
		other + "init extra",
		other + "init --trust-domain acme",
		other + "init --trust-domain ACME.example",
		other + "init --trust-domain acme.example/nas",
		other + "init --trust-domain acme.example --lifetime 0s",
		other + "init --trust-domain acme.example --lifetime forever",
		other + "init --trust-domain acme.example --passphrase secret",
		"init --trust-domain acme.example",
		at + "sign",
		at + "sign nas.csr",
		at + "sign nas.csr desk.csr --id nas",
		at + "sign nas.csr --id NAS",
		at + "sign nas.csr --id nas,desk",
		at + "sign nas.csr --id acme.example/*",
		at + "sign nas.csr --id nas --lifetime 0",
		at + "sign nas.csr --id nas --lifetime -1h",
		at + "sign nas.csr --id nas --lifetime 30",
		at + "show",
		at + "show nas desk",
		at + "show NAS",
		at + "show 0123456789ABCDEF",
		at + "revoke",
		at + "revoke nas desk",
		at + "revoke NAS",
		at + "revoke nas --reason \xff",
		at + "revoke nas --reason " + strings.Repeat("x", 1001),
		at + "crl extra",
		at + "crl --valid 0s",
		at + "crl --valid -1h",
		at + "crl --valid 30",
		at + "crl --clock-was-ahead=maybe",
		"version extra",
		"completion",
		"completion bogus",
		"help bogus",
		"help sign bogus",
	} {
		code := r.run(strings.Fields(line)...)
		if code != codeUsage {
			t.Errorf("%q: exit code %d: %s", line, code, r.err.String())
		}
		if r.out.Len() > 0 {
			t.Errorf("%q: on standard output: %s", line, r.out.String())
		}
		if text := r.err.String(); !strings.HasPrefix(text, "certexch-authority: ") || !strings.Contains(text, "\n\nUsage:\n  certexch-authority") {
			t.Errorf("%q: on standard error: %s", line, text)
		}
	}
	if after := tree(t, filepath.Dir(r.where)); after != before {
		t.Error("something has changed")
	}
	if _, err := os.Stat(r.where + "2"); !os.IsNotExist(err) {
		t.Error("a folder was made")
	}
}
