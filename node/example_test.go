package node_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/node"
)

// Two terminals of one trust domain register each other; one serves a folder, the other reads from it
// as from any io/fs.FS.
func Example() {
	dir, err := os.MkdirTemp("", "certexch-example-")
	must(err)
	defer os.RemoveAll(dir)
	authority := newExampleAuthority("acme.example")
	nas := authority.newTerminal(filepath.Join(dir, "nas"), "nas")
	desk := authority.newTerminal(filepath.Join(dir, "desk"), "desk")
	nas.register(desk)
	desk.register(nas)

	docs := filepath.Join(dir, "docs")
	must(os.Mkdir(docs, 0o755))
	must(os.WriteFile(filepath.Join(docs, "hello.txt"), []byte("hello from nas"), 0o644))
	config := node.DefaultConfig()
	config.Listen = []string{"/ip4/127.0.0.1/tcp/0"}
	config.Shares = []node.Share{{Name: "docs", Path: docs, Read: []string{"acme.example/desk"}}}

	ctx, stop := context.WithCancel(context.Background())
	server, err := node.New(nas.home, config, node.System(nil))
	must(err)
	stopped := make(chan error)
	go func() { stopped <- server.Run(ctx) }()

	terminal, err := node.New(desk.home, node.DefaultConfig(), node.System(nil))
	must(err)
	peer, err := terminal.Dial(ctx, nas.identity, nas.waitForAddresses(stopped)...)
	must(err)
	text, err := fs.ReadFile(peer.FS(ctx, "docs"), "hello.txt")
	must(err)
	fmt.Printf("%s says: %s\n", peer.Identity(), text)

	must(peer.Close())
	must(terminal.Close())
	stop()
	must(<-stopped)
	// Output: acme.example/nas says: hello from nas
}

// exampleAuthority certifies; certexch-authority does this for people.
type exampleAuthority struct {
	root   *certauth.Root
	issuer *certauth.Issuer
	list   []byte
}

func newExampleAuthority(domain string) *exampleAuthority {
	td, err := certauth.ParseTrustDomain(domain)
	must(err)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	now := time.Now().Truncate(time.Second)
	der, err := certauth.NewRoot(td, key, now, now.AddDate(1, 0, 0), rand.Reader)
	must(err)
	root, err := certauth.ParseRoot(der)
	must(err)
	issuer, err := certauth.NewIssuer(root, key)
	must(err)
	list, err := issuer.SignCRL(certauth.Revocations{}, uint64(now.Unix()), now, now.AddDate(0, 1, 0))
	must(err)
	return &exampleAuthority{root, issuer, list}
}

// exampleTerminal is a home, ready for use.
type exampleTerminal struct {
	home     node.Home
	identity certauth.Identity
}

// newTerminal makes keys, has them certified, and installs what comes back.
func (a *exampleAuthority) newTerminal(dir, name string) *exampleTerminal {
	home, err := node.HomeAt(dir)
	must(err)
	must(node.Init(home))
	identity, err := a.root.TrustDomain().ParseIdentity(name)
	must(err)
	text, err := node.Request(home, identity)
	must(err)
	block, _ := pem.Decode(text)
	request, err := certauth.ParseRequest(block.Bytes)
	must(err)
	grant := certauth.Grant{Request: request, Identity: identity, NotBefore: a.root.NotBefore(), NotAfter: a.root.NotAfter()}
	_, err = rand.Read(grant.Serial[:])
	must(err)
	leaf, err := a.issuer.Certify(grant)
	must(err)
	bundle := certauth.Bundle{Leaf: leaf, Root: a.root.DER(), CRL: a.list}
	trusted := func(*certauth.Root) error { return nil } // a person compares the fingerprint
	_, err = node.Install(home, bundle.PEM(), time.Now(), trusted)
	must(err)
	return &exampleTerminal{home, identity}
}

func (t *exampleTerminal) register(other *exampleTerminal) {
	store := allowlist.NewStore(t.home.Allowlist())
	must(store.Add(context.Background(), allowlist.Entry{Identity: other.identity}))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
