package node_test

import (
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/node"
)

// certify returns a bundle with a certificate for the keys of f, as name, for a time counted from
// certtest.Now.
func (f *fixture) certify(authority *certtest.Authority, name string, from, until time.Duration) []byte {
	f.t.Helper()
	request, err := node.Request(f.home, f.identity)
	check(f.t, err)
	block, _ := pem.Decode(request)
	parsed, err := certauth.ParseRequest(block.Bytes)
	check(f.t, err)
	id, err := authority.Root.TrustDomain().ParseIdentity(name)
	check(f.t, err)
	der, err := authority.Issuer.Certify(certauth.Grant{
		Request: parsed, Identity: id, Serial: certtest.Serial(f.t),
		NotBefore: certtest.Now.Add(from), NotAfter: certtest.Now.Add(until),
	})
	check(f.t, err)
	return certauth.Bundle{Leaf: der, Root: authority.Root.DER()}.PEM()
}

// TestE4OlderCertificate: an old bundle does not take the place of a newer one, not even of one whose
// time is over, for the old one may be what the new one was made to replace.
func TestE4OlderCertificate(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas := newFixture(t, authority, "nas") // from five minutes ago
	newer := nas.certify(authority, "nas", -time.Minute, time.Hour)
	older := nas.certify(authority, "nas", -2*time.Minute, 48*time.Hour)
	if done, err := node.Install(nas.home, newer, certtest.Now, nil); err != nil || done.Certificate == nil || !done.Former.IsZero() {
		t.Fatalf("a newer one: %+v, %v", done, err)
	}
	before := certificateOf(t, nas)
	for _, now := range []time.Time{certtest.Now, certtest.Now.Add(2 * time.Hour)} {
		if _, err := node.Install(nas.home, older, now, nil); !errors.Is(err, node.ErrOlderCertificate) || !strings.Contains(err.Error(), "2026-11-01T11:59:00Z") {
			t.Errorf("an older one at %s: %v", now, err)
		}
	}
	if string(certificateOf(t, nas)) != string(before) {
		t.Error("it was stored")
	}
	if done, err := node.Install(nas.home, newer, certtest.Now, nil); err != nil || done.Certificate != nil {
		t.Errorf("the same once more: %+v, %v", done, err)
	}
}

// TestE4FormerIdentity: another identity is put in force, but not without a word.
func TestE4FormerIdentity(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas := newFixture(t, authority, "nas")
	done, err := node.Install(nas.home, nas.certify(authority, "attic", -time.Hour, time.Hour), certtest.Now, nil)
	if err != nil || done.Certificate.Identity().String() != "acme.example/attic" || done.Former != nas.identity {
		t.Errorf("%+v, %v", done, err)
	}
	check(t, os.WriteFile(filepath.Join(nas.home.State, "certificate.pem"), []byte("?"), 0o600))
	done, err = node.Install(nas.home, nas.certify(authority, "nas", -time.Hour, time.Hour), certtest.Now, nil)
	if err != nil || done.Certificate == nil || !done.Former.IsZero() {
		t.Errorf("instead of a damaged one: %+v, %v", done, err)
	}
}
