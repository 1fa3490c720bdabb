package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/node"
)

// testAuthority certifies what certexch-authority would not: for any time, and with any list.
type testAuthority struct {
	root   *certauth.Root
	issuer *certauth.Issuer
	number uint64
}

func authorityOf(ts *testscript.TestScript, name string) *testAuthority {
	a := ts.Value("authorities").(map[string]*testAuthority)[name]
	if a == nil {
		ts.Fatalf("there is no authority %s", name)
	}
	return a
}

// cmdAuthority: authority NAME makes an authority for acme.example.
func cmdAuthority(ts *testscript.TestScript, neg bool, args []string) {
	td, err := certauth.ParseTrustDomain("acme.example")
	ts.Check(err)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	ts.Check(err)
	now := time.Now().Truncate(time.Second)
	der, err := certauth.NewRoot(td, key, now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0), rand.Reader)
	ts.Check(err)
	root, err := certauth.ParseRoot(der)
	ts.Check(err)
	issuer, err := certauth.NewIssuer(root, key)
	ts.Check(err)
	ts.Value("authorities").(map[string]*testAuthority)[args[0]] = &testAuthority{root: root, issuer: issuer, number: uint64(now.Unix()) - 100}
}

// list signs a new revocation list.
func (a *testAuthority) list(ts *testscript.TestScript, r certauth.Revocations) []byte {
	a.number++
	from := time.Unix(int64(a.number), 0)
	der, err := a.issuer.SignCRL(r, a.number, from, from.AddDate(0, 0, 30))
	ts.Check(err)
	return der
}

// leaf certifies the keys of a home as name, from now+from until now+until.
func (a *testAuthority) leaf(ts *testscript.TestScript, home node.Home, name string, from, until time.Duration) []byte {
	id, err := a.root.TrustDomain().ParseIdentity(name)
	ts.Check(err)
	request, err := node.Request(home, id)
	ts.Check(err)
	block, _ := pem.Decode(request)
	parsed, err := certauth.ParseRequest(block.Bytes)
	ts.Check(err)
	now := time.Now().Truncate(time.Second)
	grant := certauth.Grant{Request: parsed, Identity: id, NotBefore: now.Add(from), NotAfter: now.Add(until)}
	_, err = rand.Read(grant.Serial[1:])
	ts.Check(err)
	grant.Serial[0] = 1
	der, err := a.issuer.Certify(grant)
	ts.Check(err)
	return der
}

// bundle is what the authority returns to the terminal name with this home.
func (a *testAuthority) bundle(ts *testscript.TestScript, home node.Home, name string) []byte {
	return certauth.Bundle{
		Leaf: a.leaf(ts, home, name, -5*time.Minute, 24*time.Hour),
		Root: a.root.DER(),
		CRL:  a.list(ts, certauth.Revocations{}),
	}.PEM()
}

// cmdTerminal: terminal AUTHORITY NAME makes the home NAME, listening on the loopback interface, with a
// certificate for acme.example/NAME.
func cmdTerminal(ts *testscript.TestScript, neg bool, args []string) {
	home, err := node.HomeAt(ts.MkAbs(args[1]))
	ts.Check(err)
	ts.Check(node.Init(home))
	cmdConfigure(ts, false, args[1:])
	bundle := authorityOf(ts, args[0]).bundle(ts, home, args[1])
	_, err = node.Install(home, bundle, time.Now(), func(*certauth.Root) error { return nil })
	ts.Check(err)
}

// cmdBundle: bundle AUTHORITY NAME FILE [AS] writes a bundle for the home NAME, which calls it AS if that
// is given, and sets $FINGERPRINT to that of the authority's root.
func cmdBundle(ts *testscript.TestScript, neg bool, args []string) {
	a := authorityOf(ts, args[0])
	home, err := node.HomeAt(ts.MkAbs(args[1]))
	ts.Check(err)
	name := args[1]
	if len(args) > 3 {
		name = args[3]
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), a.bundle(ts, home, name), 0o600))
	fingerprint := a.root.Fingerprint()
	ts.Setenv("FINGERPRINT", hex.EncodeToString(fingerprint[:]))
}

// cmdCertify: certify AUTHORITY NAME FROM UNTIL puts a certificate in the home NAME that is valid from
// FROM until UNTIL from now. It is put there, not installed: time may have passed since.
func cmdCertify(ts *testscript.TestScript, neg bool, args []string) {
	home, err := node.HomeAt(ts.MkAbs(args[1]))
	ts.Check(err)
	from, err := time.ParseDuration(args[2])
	ts.Check(err)
	until, err := time.ParseDuration(args[3])
	ts.Check(err)
	leaf := authorityOf(ts, args[0]).leaf(ts, home, args[1], from, until)
	ts.Check(os.WriteFile(filepath.Join(home.State, "certificate.pem"), certauth.Bundle{Leaf: leaf}.PEM(), 0o600))
}

// cmdRevoke: revoke AUTHORITY NAME FILE writes a revocation list that revokes acme.example/NAME.
func cmdRevoke(ts *testscript.TestScript, neg bool, args []string) {
	a := authorityOf(ts, args[0])
	id, err := a.root.TrustDomain().ParseIdentity(args[1])
	ts.Check(err)
	hash := sha256.Sum256([]byte(id.URI()))
	der := a.list(ts, certauth.Revocations{Identities: []certauth.RevokedIdentity{{Hash: hash, Cutoff: time.Now().Truncate(time.Second)}}})
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), certauth.Bundle{CRL: der}.PEM(), 0o600))
}
