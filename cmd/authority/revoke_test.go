package main

import (
	"strings"
	"testing"
)

// A serial number revokes one certificate; its keys stay good, and who revokes
// is told of what is left.
func TestRevokeSerial(t *testing.T) {
	r := newTrial(t)
	r.must(t, "init", "--trust-domain", "acme.example")
	sign := func() {
		r.stdin = strings.NewReader(request(t))
		r.must(t, "sign", "-", "--id", "nas")
	}
	sign()
	serial, _, _ := strings.Cut(r.must(t, "list"), " ")
	sign()
	r.must(t, "revoke", strings.ToUpper(serial))
	for _, want := range []string{": 1 certificate, 0 keys\n", "note: acme.example/nas still has a valid certificate, serial number "} {
		if !strings.Contains(r.err.String(), want) {
			t.Errorf("%q was not said: %s", want, r.err.String())
		}
	}
	if shown := r.must(t, "show", serial); !strings.Contains(shown, "state        revoked\n") {
		t.Errorf("shown: %s", shown)
	}
	if listed := r.must(t, "list"); strings.Count(listed, "revoked") != 1 || strings.Count(listed, "valid") != 1 {
		t.Errorf("listed: %s", listed)
	}
	sign()
}
