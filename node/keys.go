package node

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/durable"
)

const (
	pemSigning     = "PRIVATE KEY" // PKCS #8
	pemSealing     = "CERTEXCH SEALING KEY"
	pemRequest     = "CERTIFICATE REQUEST"
	pemCertificate = "CERTIFICATE"
)

// keys are a terminal's two private keys, which never leave it.
type keys struct {
	signing ed25519.PrivateKey
	sealing hpke.PrivateKey
}

// ErrExists is returned by Init for a home that has all that Init makes.
var ErrExists = errors.New("this home has keys already")

// Init makes a home: the configuration file, the state folder, the allowlist and the two keys. What is there
// already is left as it is; when nothing is missing: ErrExists. A home has keys when it has the signing key,
// which is written last.
func Init(home Home) error {
	if err := durable.MkdirPrivate(home.State); err != nil {
		return err
	}
	if err := writeFormat(home); err != nil {
		return err
	}
	lists, err := createMissing(home.Allowlist(), []byte(allowlistHead), 0o600)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(home.Config), 0o755); err != nil {
		return err
	}
	configures, err := createMissing(home.Config, Example(), 0o644)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(home.signingKey()); !errors.Is(err, fs.ErrNotExist) {
		if err == nil && !lists && !configures {
			return fmt.Errorf("%s: %w", home.signingKey(), ErrExists)
		}
		return err
	}
	return writeKeys(home)
}

// createMissing writes a file, unless there is one.
func createMissing(path string, data []byte, mode fs.FileMode) (created bool, err error) {
	err = durable.CreateFile(path, data, mode)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

// writeKeys makes the keys of a home without a signing key. A sealing key alone is what is left of an attempt
// that failed.
func writeKeys(home Home) error {
	signing, sealing, err := newKeys()
	if err != nil {
		return err
	}
	if err := durable.WriteFile(home.sealingKey(), sealing, 0o600); err != nil {
		return err
	}
	return durable.CreateFile(home.signingKey(), signing, 0o600)
}

// allowlistHead begins a new allowlist. While nobody is in it, nobody is registered.
const allowlistHead = "# Registered terminals, one identity a line: acme.example/site-a/nas  # note\n"

func newKeys() (signing, sealing []byte, err error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	xwing, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		return nil, nil, err
	}
	seed, err := xwing.Bytes()
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemSigning, Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: pemSealing, Bytes: seed}), nil
}

// loadKeys reads the keys. It refuses files that others could have read or written.
func loadKeys(home Home) (keys, error) {
	if err := CheckFormat(home); err != nil {
		return keys{}, err
	}
	der, err := readKey(home.signingKey(), pemSigning)
	if err != nil {
		return keys{}, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return keys{}, fmt.Errorf("%s: %w", home.signingKey(), err)
	}
	signing, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return keys{}, fmt.Errorf("%s: not an Ed25519 key", home.signingKey())
	}
	seed, err := readKey(home.sealingKey(), pemSealing)
	if errors.As(err, new(*NotReadyError)) {
		err = &NotReadyError{Missing: "sealing key", Advice: fmt.Sprintf("put sealing.key back from a backup; or remove %s, make new keys with `certexch init`, and have them certified", home.signingKey())}
	}
	if err != nil {
		return keys{}, err
	}
	sealing, err := hpke.MLKEM768X25519().NewPrivateKey(seed)
	if err != nil {
		return keys{}, fmt.Errorf("%s: %w", home.sealingKey(), err)
	}
	return keys{signing: signing, sealing: sealing}, nil
}

func readKey(path, blockType string) ([]byte, error) {
	text, err := durable.ReadSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NotReadyError{Missing: "keys", Advice: "make them with `certexch init`"}
	}
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != blockType || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("%s: not one PEM block of type %s", path, blockType)
	}
	return block.Bytes, nil
}

// NotReadyError is a home from which something is missing that the command needs.
type NotReadyError struct {
	Missing string
	Advice  string
}

func (e *NotReadyError) Error() string {
	return fmt.Sprintf("this terminal has no %s yet: %s", e.Missing, e.Advice)
}

// Request makes the certificate request of the home's keys, in PEM. The authority decides on the
// identity; wish only tells it what is hoped for.
func Request(home Home, wish certauth.Identity) ([]byte, error) {
	k, err := loadKeys(home)
	if err != nil {
		return nil, err
	}
	der, err := certauth.CreateRequest(k.signing, k.sealing.PublicKey().Bytes(), wish)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemRequest, Bytes: der}), nil
}
