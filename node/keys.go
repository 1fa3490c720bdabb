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

// ErrExists is returned by Init for a home that has keys already.
var ErrExists = errors.New("this home has keys already")

// Init makes a home: the configuration file, where there is none, the state folder and the two keys.
// A home that has keys is left as it is: ErrExists.
func Init(home Home) error {
	for _, path := range []string{home.signingKey(), home.sealingKey()} {
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s: %w", path, ErrExists)
		}
	}
	signing, sealing, err := newKeys()
	if err != nil {
		return err
	}
	if err := durable.MkdirPrivate(home.State); err != nil {
		return err
	}
	if err := writeFormat(home); err != nil {
		return err
	}
	if err := durable.CreateFile(home.sealingKey(), sealing, 0o600); err != nil {
		return err
	}
	if err := durable.CreateFile(home.signingKey(), signing, 0o600); err != nil {
		return err
	}
	if err := durable.CreateFile(home.Allowlist(), []byte(allowlistHead), 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(home.Config), 0o755); err != nil {
		return err
	}
	if err := durable.CreateFile(home.Config, Example(), 0o644); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
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
