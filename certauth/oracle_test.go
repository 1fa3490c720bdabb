package certauth_test

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"

	"github.com/certexch/certexch/certauth"
)

// A world is what one authority with a random name has issued at random.
type world struct {
	root    *certauth.Root
	leaves  [][]byte
	revoked []bool // by leaf
	crl     []byte
}

const leavesPerWorld = 10

// newWorld makes it valid for the time of the machine, which is the only one
// that certtool knows.
func newWorld(t *testing.T, random *rand.Rand) *world {
	t.Helper()
	now := time.Now()
	td := must(certauth.ParseTrustDomain(randomDomain(random)))(t)
	key := newSigningKey(random)
	root := must(certauth.ParseRoot(must(certauth.NewRoot(td, key, now.Add(-time.Hour), now.Add(time.Hour+randomDuration(random, 30*365*24)), chacha(random)))(t)))(t)
	issuer := must(certauth.NewIssuer(root, key))(t)
	w := &world{root: root}
	var r certauth.Revocations
	for range leavesPerWorld {
		id := must(td.ParseIdentity(randomPath(random, 255-len("spiffe:///"+td.String()))))(t)
		g := certauth.Grant{
			Request:   newRequest(t, random, id),
			Identity:  id,
			NotBefore: now.Add(-randomDuration(random, 24*365)),
			NotAfter:  now.Add(time.Hour + randomDuration(random, 24*365)),
		}
		chacha(random).Read(g.Serial[:])
		g.Serial[15] |= 1
		w.leaves = append(w.leaves, must(issuer.Certify(g))(t))
		w.revoked = append(w.revoked, random.IntN(3) == 0)
		if w.revoked[len(w.revoked)-1] {
			r.Serials = append(r.Serials, certauth.RevokedSerial{Serial: g.Serial, At: now})
			r.Keys = append(r.Keys, certauth.KeyHash(g.Request.SigningKey))
			r.Identities = append(r.Identities, certauth.RevokeIdentity(id, now))
		}
	}
	w.crl = must(issuer.SignCRL(r, uint64(now.Unix()), now, now.Add(time.Hour+randomDuration(random, 24*30))))(t)
	return w
}

func newSigningKey(random *rand.Rand) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	chacha(random).Read(seed)
	return ed25519.NewKeyFromSeed(seed)
}

func newRequest(t *testing.T, random *rand.Rand, wish certauth.Identity) *certauth.Request {
	t.Helper()
	seed := make([]byte, 32)
	chacha(random).Read(seed)
	sealing := must(hpke.MLKEM768X25519().NewPrivateKey(seed))(t).PublicKey().Bytes()
	return must(certauth.ParseRequest(must(certauth.CreateRequest(newSigningKey(random), sealing, wish))(t)))(t)
}

// chacha returns a source of random bytes.
func chacha(random *rand.Rand) *rand.ChaCha8 {
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(random.Uint32())
	}
	return rand.NewChaCha8(seed)
}

func randomDuration(random *rand.Rand, hours int) time.Duration {
	return time.Duration(random.IntN(hours)) * time.Hour
}

func randomDomain(random *rand.Rand) string {
	labels := make([]string, 2+random.IntN(2))
	for i := range labels {
		labels[i] = "x" + randomText(random, "abcdefghijklmnopqrstuvwxyz0123456789-", random.IntN(61)) + "y"
	}
	return strings.Join(labels, ".")
}

func randomPath(random *rand.Rand, limit int) string {
	path := randomText(random, "abcdefghijklmnopqrstuvwxyz0123456789_", 1+random.IntN(10))
	for range random.IntN(8) {
		path += "/_" + randomText(random, "abcdefghijklmnopqrstuvwxyz0123456789_-.", random.IntN(40))
	}
	return strings.TrimSuffix(path[:min(len(path), limit)], "/")
}

func randomText(random *rand.Rand, set string, length int) string {
	text := make([]byte, length)
	for i := range text {
		text[i] = set[random.IntN(len(set))]
	}
	return string(text)
}

// must returns a function so that the two results of f can be passed whole.
func must[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// forWorlds runs test on 50 certificates and their lists, the same in each run
// but for the time.
func forWorlds(t *testing.T, test func(t *testing.T, w *world)) {
	for i := range uint64(5) {
		t.Run(fmt.Sprint(i), func(t *testing.T) { test(t, newWorld(t, rand.New(rand.NewPCG(15, i)))) })
	}
}

// write puts the world into files for a command: root.pem, crl.pem, 0.pem, …
func (w *world) write(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	put := func(name, kind string, der []byte) {
		t.Helper()
		text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
		if err := os.WriteFile(filepath.Join(dir, name+".pem"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("root", "CERTIFICATE", w.root.DER())
	put("crl", "X509 CRL", w.crl)
	for i, leaf := range w.leaves {
		put(fmt.Sprint(i), "CERTIFICATE", leaf)
	}
	return dir
}

// run returns what a command prints, and whether it ended with status 0.
func run(t *testing.T, dir, name string, args ...string) (string, bool) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed, so its opinion is not asked", name)
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

func TestA15OpenSSL(t *testing.T) {
	forWorlds(t, func(t *testing.T, w *world) {
		dir := w.write(t)
		strict := []string{"verify", "-x509_strict", "-CAfile", "root.pem"}
		if out, ok := run(t, dir, "openssl", append(strict, "-check_ss_sig", "root.pem")...); !ok {
			t.Errorf("the root: %s", out)
		}
		for i := range w.leaves {
			file := fmt.Sprint(i, ".pem")
			if out, ok := run(t, dir, "openssl", append(strict, file)...); !ok {
				t.Errorf("certificate %d: %s", i, out)
			}
			out, ok := run(t, dir, "openssl", append(strict, "-crl_check", "-CRLfile", "crl.pem", file)...)
			if ok == w.revoked[i] || !ok && !strings.Contains(out, "certificate revoked") {
				t.Errorf("certificate %d, which is revoked: %t: %s", i, w.revoked[i], out)
			}
		}
	})
}

func TestA15GnuTLS(t *testing.T) {
	forWorlds(t, func(t *testing.T, w *world) {
		dir := w.write(t)
		if out, ok := run(t, dir, "certtool", "--verify-crl", "--load-ca-certificate", "root.pem", "--infile", "crl.pem"); !ok {
			t.Errorf("the list: %s", out)
		}
		for i := range w.leaves {
			verify := []string{"--verify", "--verify-profile", "high", "--load-ca-certificate", "root.pem", "--infile", fmt.Sprint(i, ".pem")}
			if out, ok := run(t, dir, "certtool", verify...); !ok {
				t.Errorf("certificate %d: %s", i, out)
			}
			out, ok := run(t, dir, "certtool", append(verify, "--load-crl", "crl.pem")...)
			if ok == w.revoked[i] || !ok && !strings.Contains(out, "revoked") {
				t.Errorf("certificate %d, which is revoked: %t: %s", i, w.revoked[i], out)
			}
		}
	})
}

// inapplicable are rules for other certificates than ours: those that web
// browsers trust for the names of servers (the CA/Browser Forum's, Mozilla's,
// Apple's and certificate transparency), for signing code and mail, and for
// people under European law. They demand, among others, a country and an
// organization in the subject, RSA or NIST curves, and logged certificates.
var inapplicable = lint.SourceList{
	lint.CABFBaselineRequirements, lint.CABFEVGuidelines, lint.CABFCSBaselineRequirements, lint.CABFSMIMEBaselineRequirements,
	lint.MozillaRootStorePolicy, lint.AppleRootStorePolicy, lint.RFC6962, lint.EtsiEsi,
}

func TestA15ZLint(t *testing.T) {
	rules, err := lint.GlobalRegistry().Filter(lint.FilterOptions{ExcludeSources: inapplicable})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(rules.Names()); n < 100 {
		t.Fatalf("only %d rules", n)
	}
	report := func(t *testing.T, what string, set *zlint.ResultSet) {
		for name, r := range set.Results {
			if r.Status > lint.Notice {
				t.Errorf("%s: %s: %s: %s", what, r.Status, name, r.Details)
			}
		}
	}
	forWorlds(t, func(t *testing.T, w *world) {
		for i, der := range append(w.leaves, w.root.DER()) {
			report(t, fmt.Sprint("certificate ", i), zlint.LintCertificateEx(must(zx509.ParseCertificate(der))(t), rules))
		}
		report(t, "list", zlint.LintRevocationListEx(must(zx509.ParseRevocationList(w.crl))(t), rules))
	})
}

// The standard library reads and verifies what this package writes, though this
// package does without it.
func TestA15CryptoX509(t *testing.T) {
	forWorlds(t, func(t *testing.T, w *world) {
		root := must(x509.ParseCertificate(w.root.DER()))(t)
		pool := x509.NewCertPool()
		pool.AddCert(root)
		for _, der := range w.leaves {
			leaf := must(x509.ParseCertificate(der))(t)
			must(leaf.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}))(t)
		}
		list := must(x509.ParseRevocationList(w.crl))(t)
		if err := list.CheckSignatureFrom(root); err != nil {
			t.Error(err)
		}
		if list.Number.Int64() != list.ThisUpdate.Unix() {
			t.Errorf("list %v was made at %d", list.Number, list.ThisUpdate.Unix())
		}
	})
}
