package fleettest

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/certexch/certexch/internal/labtest"
)

// C8: who sees every frame of an exchange and of a transfer learns no identity, no certificate, no name
// and no content. The names are long enough not to turn up in ciphertext by chance.
func TestC8AnObserverLearnsNothing(t *testing.T) {
	lab := labtest.New(t)
	const server, client, share, file = "site-a/nasturtium", "site-a/desk-lamp", "quarterlies", "turnover-2026.csv"
	fleet := New(t, lab, server, client)
	content := make([]byte, 3<<20)
	_, _ = rand.NewChaCha8([32]byte{8}).Read(content)
	nas, desk := fleet.Terminal(server), fleet.Terminal(client)
	nas.Share(share, folder(t, map[string][]byte{file: content}))

	secrets := secretsOf(t, nas, desk)
	for _, word := range []string{TrustDomain, "\x07example", server, client, "nasturtium", "desk-lamp", share, file} {
		secrets[word] = []byte(word)
	}
	for at := 0; at < len(content); at += 1 << 18 {
		secrets[fmt.Sprintf("content from byte %d", at)] = content[at : at+64]
	}

	capture := lab.Capture() // from before the server announces itself, if it does
	serving := nas.Serve()
	ways := []struct {
		name  string
		flags []string
	}{
		{"mDNS", nil}, // first, because an address that was dialled is remembered
		{"TCP", []string{"--addr", serving.Addr("tcp")}},
		{"QUIC", []string{"--addr", serving.Addr("quic")}},
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			source := server + ":" + share
			to := t.TempDir()
			desk.Run(append([]string{"ls"}, append(way.flags, source)...)...)
			desk.Run(append([]string{"get"}, append(way.flags, source+"/"+file, to)...)...)
			desk.Run(append([]string{"get", "-r"}, append(way.flags, source, to)...)...)
			if got, err := os.ReadFile(filepath.Join(to, file)); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
	serving.Stop()
	capture.Stop()

	if n := capture.Bytes(between(nas.Host, desk.Host)); n < len(ways)*len(content) {
		t.Errorf("the observer has seen only %d bytes", n)
	}
	for _, from := range []*labtest.Host{nas.Host, desk.Host} {
		if capture.Bytes(func(p labtest.Packet) bool { return p.Source == netip.AddrPortFrom(from.Addr(), 5353) }) == 0 {
			t.Errorf("no mDNS of %s was seen", from.Name)
		}
	}
	for what, secret := range secrets {
		if capture.Contains(secret) {
			t.Errorf("in clear: %s", what)
		}
	}
}

// between takes what one host has sent the other, over either family.
func between(a, b *labtest.Host) func(labtest.Packet) bool {
	return func(p labtest.Packet) bool {
		return p.Involves(a.Addr()) && p.Involves(b.Addr()) || p.Involves(a.Addr6()) && p.Involves(b.Addr6())
	}
}

// secretsOf returns pieces of everything certified that the homes hold: certificates, roots and
// revocation lists.
func secretsOf(t *testing.T, terminals ...*Terminal) map[string][]byte {
	t.Helper()
	const piece = 32
	secrets := make(map[string][]byte)
	for _, terminal := range terminals {
		err := filepath.WalkDir(filepath.Join(terminal.Home, "state"), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
				for at := 0; at+piece <= len(block.Bytes); at += piece {
					what := fmt.Sprintf("%s of %s, byte %d", strings.ToLower(block.Type), terminal.Name, at)
					secrets[what] = block.Bytes[at : at+piece]
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(secrets) < 100 { // two certificates alone have 1.6 kB each
		t.Fatalf("only %d pieces of secrets", len(secrets))
	}
	return secrets
}
