package home

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

// Keys are a terminal's two private keys, which never leave it.
type Keys struct {
	// Signing is its libp2p key too, and Sealing the one that secrets are encapsulated to.
	Signing ed25519.PrivateKey
	Sealing hpke.PrivateKey
}

// ErrExists is node.ErrExists.
var ErrExists = errors.New("this home has keys already")

// Init is node.Init with what the configuration file says.
func Init(home Home, config []byte) error {
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
	configures, err := createMissing(home.Config, config, 0o644)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(home.SigningKey()); !errors.Is(err, fs.ErrNotExist) {
		if err == nil && !lists && !configures {
			return fmt.Errorf("%s: %w", home.SigningKey(), ErrExists)
		}
		return err
	}
	if certified(home) {
		return lostKey("signing", "sealing")
	}
	return writeKeys(home)
}

// certified reports whether a home has a sealing key that a certificate may be of.
func certified(home Home) bool {
	_, noKey := os.Lstat(home.sealingKey())
	_, noCertificate := os.Lstat(home.Certificate())
	return noKey == nil && noCertificate == nil
}

// lostKey is for a home that has one of its keys only: new keys come in pairs.
func lostKey(lost, left string) error {
	return &NotReadyError{lost + " key", fmt.Sprintf("put %s.key back from a backup; or remove %s.key beside it, make new keys with `certexch init`, and have them certified", lost, left)}
}

// createMissing writes a file, unless there is one.
func createMissing(path string, data []byte, mode fs.FileMode) (created bool, err error) {
	err = durable.CreateFile(path, data, mode)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

// writeKeys makes the keys of a home without a signing key. A sealing key alone, without a certificate, is what is
// left of an attempt that failed: it is replaced.
func writeKeys(home Home) error {
	signing, sealing, err := newKeys()
	if err != nil {
		return err
	}
	if err := durable.WriteFile(home.sealingKey(), sealing, 0o600); err != nil {
		return err
	}
	return durable.CreateFile(home.SigningKey(), signing, 0o600)
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

// LoadKeys reads the keys. It refuses files that others could have read or written. The error is a
// *NotReadyError where there are none, a *FormatError, a *durable.PermissionError, or says what a file is not.
func LoadKeys(home Home) (Keys, error) {
	if err := CheckFormat(home); err != nil {
		return Keys{}, err
	}
	der, err := readKey(home.SigningKey(), pemSigning)
	if errors.As(err, new(*NotReadyError)) && certified(home) {
		err = lostKey("signing", "sealing")
	}
	if err != nil {
		return Keys{}, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return Keys{}, fmt.Errorf("%s: %w", home.SigningKey(), err)
	}
	signing, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return Keys{}, fmt.Errorf("%s: not an Ed25519 key", home.SigningKey())
	}
	seed, err := readKey(home.sealingKey(), pemSealing)
	if errors.As(err, new(*NotReadyError)) {
		err = lostKey("sealing", "signing")
	}
	if err != nil {
		return Keys{}, err
	}
	sealing, err := hpke.MLKEM768X25519().NewPrivateKey(seed)
	if err != nil {
		return Keys{}, fmt.Errorf("%s: %w", home.sealingKey(), err)
	}
	return Keys{Signing: signing, Sealing: sealing}, nil
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

// NotReadyError is node.NotReadyError.
type NotReadyError struct {
	// Missing is the name of what is missing, and Advice the command that makes it.
	Missing string
	Advice  string
}

func (e *NotReadyError) Error() string {
	return fmt.Sprintf("this terminal has no %s: %s", e.Missing, e.Advice)
}

// Request is node.Request.
func Request(home Home, wish certauth.Identity) ([]byte, error) {
	k, err := LoadKeys(home)
	if err != nil {
		return nil, err
	}
	der, err := certauth.CreateRequest(k.Signing, k.Sealing.PublicKey().Bytes(), wish)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemRequest, Bytes: der}), nil
}
