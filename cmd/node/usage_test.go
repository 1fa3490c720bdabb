package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/certexch/certexch/node"
)

// TestWrongUsage: usage on standard error, nothing on standard output, code 2, nothing changed.
func TestWrongUsage(t *testing.T) {
	home := t.TempDir()
	trial := newTrial(t)
	trial.must(t, home, "init")
	before := tree(t, home)
	for _, line := range []string{
		"",
		"bogus",
		"--bogus id",
		"id extra",
		"init extra",
		"request extra",
		"request --id NAS",
		"request --id nas",
		"install",
		"install a b",
		"install a --root 12",
		"install a --root " + strings.Repeat("zz", 32),
		"paths extra",
		"allow",
		"allow bogus",
		"allow add",
		"allow add NAS",
		"allow add nas",
		"allow add acme.example/a,acme.example/b",
		"allow add acme.example/nas --addr /ip4/192.0.2.7/tcp/1",
		"allow add acme.example/nas --addr /p2p/" + somePeer,
		"allow add acme.example/nas --addr /ip4/192.0.2.7/udp/1/p2p/" + somePeer,
		"ls --addr /ip4/192.0.2.7/tcp/1/ws/p2p/" + somePeer + " acme.example/nas",
		"allow add acme.example/a acme.example/b --addr /ip4/192.0.2.7/tcp/1/p2p/" + somePeer,
		"allow add acme.example/nas --expires tomorrow",
		"allow add acme.example/nas --expires 2020-01-01",
		"allow add acme.example/nas --pin 12",
		"allow remove",
		"allow remove NAS",
		"allow list extra",
		"check extra",
		"serve extra",
		"ls",
		"ls a b",
		"ls --addr nowhere acme.example/nas",
		"stat",
		"cat",
		"get",
		"get --bogus acme.example/nas:docs/x",
		"get --retry -5s acme.example/nas:docs/x",
		"version extra",
		"demo a b",
		"completion",
		"completion bogus",
		"help bogus",
		"help allow bogus",
		"--home= id",
		"--home= init",
		"--timeout 0s id",
		"--timeout soon id",
		"-q -v id",
	} {
		code := trial.run(t, home, strings.Fields(line)...)
		if code != node.CodeUsage {
			t.Errorf("%q: exit code %d: %s", line, code, trial.err.String())
		}
		if trial.out.Len() > 0 {
			t.Errorf("%q: on standard output: %s", line, trial.out.String())
		}
		if text := trial.err.String(); !strings.HasPrefix(text, "certexch: ") || !strings.Contains(text, "\n\nUsage:\n  certexch") {
			t.Errorf("%q: on standard error: %s", line, text)
		}
	}
	if after := tree(t, home); after != before {
		t.Errorf("the home has changed:\n%s\nwas\n%s", after, before)
	}
}

func TestWrongUsageJSON(t *testing.T) {
	trial := newTrial(t)
	code := trial.run(t, t.TempDir(), "--json", "allow", "add")
	var f node.Failure
	if err := json.Unmarshal(trial.err.Bytes(), &f); err != nil {
		t.Fatalf("%s: %v", trial.err.String(), err)
	}
	if code != 2 || f.Code != 2 || f.Reason != "usage" || f.Text == "" || f.Try != "certexch allow add --help" {
		t.Errorf("exit code %d, %+v", code, f)
	}
}
