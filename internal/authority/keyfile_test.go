package authority

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
)

// A file of the first version, which must open for ever. The key is the first
// of RFC 8032, section 7.1.
const (
	oldFile = `-----BEGIN CERTEXCH AUTHORITY KEY-----
AQAAAAIAAABAAhTAcyXbQCTZn/v7lTs2xkeX7Y88g6okYX8jUxUWeHDWkwifQVTF
jcaEOGkHJ0KRH4N5Em2/pXlEpBFgi+GpNb7EkkYrIOFY++IDL9jIz5jLF7/xfYCo
xds=
-----END CERTEXCH AUTHORITY KEY-----
`
	oldPublic = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
)

func testKeyFile(t *testing.T) (ed25519.PrivateKey, []byte) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	file, err := sealKey(key, passphrase, cheap, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key, file
}

func TestKeyFile(t *testing.T) {
	key, file := testKeyFile(t)
	if got, err := openKey(file, passphrase); err != nil || !got.Equal(key) {
		t.Errorf("opened: %v", err)
	}
	if _, err := openKey(file, []byte("wrong")); !errors.Is(err, ErrPassphrase) {
		t.Errorf("wrong passphrase: %v", err)
	}
	if _, again := testKeyFile(t); bytes.Equal(again, file) {
		t.Error("salt and nonce are the same twice")
	}
	if block, _ := pem.Decode(file); bytes.Contains(block.Bytes, key.Seed()) {
		t.Error("the key is in the file as it is")
	}
}

func TestKeyFileOfFirstVersion(t *testing.T) {
	key, err := openKey([]byte(oldFile), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	if public := hex.EncodeToString(key.Public().(ed25519.PublicKey)); public != oldPublic {
		t.Errorf("key %s, want %s", public, oldPublic)
	}
}

// Every byte is authenticated or refused for itself.
func TestKeyFileTampered(t *testing.T) {
	_, file := testKeyFile(t)
	block, _ := pem.Decode(file)
	for i := range block.Bytes {
		b := bytes.Clone(block.Bytes)
		b[i] ^= 1
		if _, err := openKey(pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: b}), passphrase); err == nil {
			t.Errorf("opened with byte %d changed", i)
		}
		if _, err := openKey(pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: block.Bytes[:i]}), passphrase); err == nil {
			t.Errorf("opened when cut to %d bytes", i)
		}
	}
	for name, text := range map[string]string{
		"empty":           "",
		"another type":    strings.ReplaceAll(string(file), keyBlock, "PRIVATE KEY"),
		"something after": string(file) + "\n",
		"something ahead": "\n" + string(file),
		"twice":           string(file) + string(file),
		"a header":        string(pem.EncodeToMemory(&pem.Block{Type: keyBlock, Headers: map[string]string{"A": "b"}, Bytes: block.Bytes})),
		"longer":          string(pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: append(block.Bytes, 0)})),
		"Windows lines":   strings.ReplaceAll(string(file), "\n", "\r\n"),
	} {
		if _, err := openKey([]byte(text), passphrase); err == nil {
			t.Errorf("opened with %s", name)
		}
	}
}

// Parameters that would take for ever or all memory are refused unused.
func TestKeyFileCost(t *testing.T) {
	for _, c := range []struct {
		cost Cost
		want bool
	}{
		{DefaultCost, true},
		{maxCost, true},
		{Cost{1, 8, 1}, true},
		{Cost{0, 8, 1}, false},
		{Cost{1, 8, 0}, false},
		{Cost{1, 7, 1}, false},
		{Cost{1, 8, 2}, false},
		{Cost{65, 8, 1}, false},
		{Cost{1, 1<<20 + 1, 1}, false},
		{Cost{1, 1 << 20, 65}, false},
		{Cost{1<<32 - 1, 1<<32 - 1, 255}, false},
	} {
		if c.cost.valid() != c.want {
			t.Errorf("%+v valid: %v", c.cost, !c.want)
		}
		if c.want {
			continue
		}
		h := keyHeader{cost: c.cost}
		file := pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: append(h.marshal(), make([]byte, 48)...)})
		if _, err := openKey(file, passphrase); err == nil || !strings.Contains(err.Error(), "out of range") {
			t.Errorf("%+v in a file: %v", c.cost, err)
		}
	}
}
