package demo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"os"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/authority"
	"github.com/certexch/certexch/node"
)

// actor is one of the three terminals.
type actor struct {
	home     node.Home
	identity certauth.Identity
}

// makeAuthority makes the authority, with a passphrase that --keep leaves beside it.
func (s *stage) makeAuthority(ctx context.Context) error {
	s.step("An authority for %s. Its fingerprint is what a terminal needs to trust it.", domain)
	s.commands("certexch-authority --dir authority --password-file passphrase init --trust-domain "+domain,
		"certexch-authority --dir authority fingerprint")
	td, err := certauth.ParseTrustDomain(domain)
	if err != nil {
		return err
	}
	passphrase := []byte(rand.Text())
	if err := os.WriteFile(s.path("passphrase"), append(passphrase, '\n'), 0o600); err != nil {
		return err
	}
	config := authority.Config{Dir: s.path("authority"), Now: time.Now, Rand: rand.Reader}
	root, err := authority.Create(ctx, config, authority.Options{
		TrustDomain: td,
		Lifetime:    authority.DefaultRootLifetime,
		Cost:        authority.Cost{Time: 1, Memory: 8 << 10, Threads: 1}, // nothing depends on this passphrase
		Passphrase:  func() ([]byte, error) { return passphrase, nil },
	})
	if err != nil {
		return err
	}
	if s.authority, err = authority.Open(ctx, config); err != nil {
		return err
	}
	if s.signer, err = s.authority.Unlock(passphrase); err != nil {
		return err
	}
	fingerprint := root.Fingerprint()
	s.found("root %s", hex.EncodeToString(fingerprint[:]))
	return nil
}

// makeTerminals makes three terminals and has them certified.
func (s *stage) makeTerminals(ctx context.Context) error {
	s.step("Three terminals: each makes its keys and keeps them, the authority signs, each checks what it gets.")
	s.commands("certexch --home first init",
		"certexch --home first request > first.csr",
		"certexch-authority --dir authority --password-file passphrase sign first.csr --id "+domain+"/first > first.pem",
		"certexch --home first install first.pem --root FINGERPRINT      (and so for second and third)")
	var err error
	if s.first, err = s.certify(ctx, "first"); err != nil {
		return err
	}
	if s.second, err = s.certify(ctx, "second"); err != nil {
		return err
	}
	s.third, err = s.certify(ctx, "third")
	return err
}

// certify makes one terminal: init, request, sign, install.
func (s *stage) certify(ctx context.Context, name string) (*actor, error) {
	home, err := node.HomeAt(s.path(name))
	if err != nil {
		return nil, err
	}
	id, err := identity(name)
	if err != nil {
		return nil, err
	}
	if err := node.Init(home); err != nil {
		return nil, err
	}
	if err := s.configure(home, name); err != nil {
		return nil, err
	}
	request, err := node.Request(home, id)
	if err != nil {
		return nil, err
	}
	bundle, err := s.sign(ctx, request, id)
	if err != nil {
		return nil, err
	}
	installed, err := node.Install(home, bundle, time.Now(), s.confirm)
	if err != nil {
		return nil, err
	}
	if installed.Certificate == nil || installed.Certificate.Identity() != id {
		return nil, errors.New("the certificate that was installed is not the one that was asked for")
	}
	s.found("%s is %s", name, id)
	return &actor{home: home, identity: id}, nil
}

// configure has a terminal listen on the loopback interface, at ports that are free, and first serve.
func (s *stage) configure(home node.Home, name string) error {
	config := map[string]any{
		"listen":    []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"},
		"discovery": map[string]any{"mdns": false},
	}
	if name == "first" {
		dir := s.Dir
		if dir == "" {
			dir = s.path(filesShare)
		}
		config["share"] = []map[string]any{
			{"name": filesShare, "path": dir, "read": []string{"*"}},
			{"name": bulkShare, "path": s.path(bulkShare), "read": []string{"*"}},
		}
	}
	text, err := toml.Marshal(config)
	if err != nil {
		return err
	}
	return os.WriteFile(home.Config, text, 0o600)
}

func (s *stage) sign(ctx context.Context, request []byte, id certauth.Identity) ([]byte, error) {
	block, _ := pem.Decode(request)
	if block == nil {
		return nil, errors.New("the request is not in PEM")
	}
	parsed, err := certauth.ParseRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	issued, err := s.signer.Sign(ctx, parsed, id, authority.DefaultLifetime)
	if err != nil {
		return nil, err
	}
	return issued.Bundle.PEM(), nil
}

// confirm is --root FINGERPRINT.
func (s *stage) confirm(root *certauth.Root) error {
	if root.Fingerprint() != s.authority.Root().Fingerprint() {
		return node.ErrRootNotConfirmed
	}
	return nil
}
