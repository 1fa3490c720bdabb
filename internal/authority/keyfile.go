package authority

import (
	"bytes"
	"crypto/cipher"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/cryptobyte"
)

// The root key file is one PEM block without headers that holds, in this order
// and big-endian:
//
//	version   1 byte    1
//	time      4 bytes   Argon2id: passes over the memory
//	memory    4 bytes   Argon2id: KiB
//	threads   1 byte    Argon2id: lanes
//	salt     16 bytes
//	nonce    24 bytes
//	sealed   48 bytes   the 32-byte seed of the Ed25519 key and a 16-byte tag
//
// The seed is sealed by XChaCha20-Poly1305 under Argon2id(passphrase, salt), with
// the block type and everything before the sealed part as associated data.
const (
	keyBlock   = "CERTEXCH AUTHORITY KEY"
	keyVersion = 1
	saltSize   = 16
)

// Cost is how much work one guess at a passphrase is.
type Cost struct {
	Time    uint32 // passes over the memory
	Memory  uint32 // KiB
	Threads uint8
}

// DefaultCost is the second recommendation of RFC 9106, section 4: 64 MiB.
var DefaultCost = Cost{Time: 3, Memory: 64 << 10, Threads: 4}

// maxCost bounds what a key file can make us do before its tag is checked.
var maxCost = Cost{Time: 64, Memory: 1 << 20, Threads: 64}

func (c Cost) valid() bool {
	return c.Time >= 1 && c.Time <= maxCost.Time &&
		c.Threads >= 1 && c.Threads <= maxCost.Threads &&
		c.Memory >= 8*uint32(c.Threads) && c.Memory <= maxCost.Memory
}

// keyHeader is all of the file but the sealed part.
type keyHeader struct {
	cost  Cost
	salt  [saltSize]byte
	nonce [chacha20poly1305.NonceSizeX]byte
}

func (h *keyHeader) marshal() []byte {
	b := cryptobyte.NewBuilder(nil)
	b.AddUint8(keyVersion)
	b.AddUint32(h.cost.Time)
	b.AddUint32(h.cost.Memory)
	b.AddUint8(h.cost.Threads)
	b.AddBytes(h.salt[:])
	b.AddBytes(h.nonce[:])
	return b.BytesOrPanic()
}

func (h *keyHeader) unmarshal(s *cryptobyte.String) error {
	var version uint8
	if !s.ReadUint8(&version) || version != keyVersion {
		return fmt.Errorf("it has version %d, and this program knows version %d", version, keyVersion)
	}
	if !s.ReadUint32(&h.cost.Time) || !s.ReadUint32(&h.cost.Memory) || !s.ReadUint8(&h.cost.Threads) ||
		!s.CopyBytes(h.salt[:]) || !s.CopyBytes(h.nonce[:]) {
		return errors.New("it is too short")
	}
	if !h.cost.valid() {
		return fmt.Errorf("its Argon2id parameters are out of range (time %d, memory %d KiB, threads %d)", h.cost.Time, h.cost.Memory, h.cost.Threads)
	}
	return nil
}

// cipher derives the key, which is slow on purpose, and the associated data.
func (h *keyHeader) cipher(passphrase []byte) (cipher.AEAD, []byte, error) {
	key := argon2.IDKey(passphrase, h.salt[:], h.cost.Time, h.cost.Memory, h.cost.Threads, chacha20poly1305.KeySize)
	aead, err := chacha20poly1305.NewX(key)
	return aead, append([]byte(keyBlock), h.marshal()...), err
}

// sealKey returns the content of a key file.
func sealKey(key ed25519.PrivateKey, passphrase []byte, cost Cost, rand io.Reader) ([]byte, error) {
	h := keyHeader{cost: cost}
	if !cost.valid() {
		return nil, errors.New("the Argon2id parameters are out of range")
	}
	if _, err := io.ReadFull(rand, h.salt[:]); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(rand, h.nonce[:]); err != nil {
		return nil, err
	}
	aead, data, err := h.cipher(passphrase)
	if err != nil {
		return nil, err
	}
	sealed := aead.Seal(h.marshal(), h.nonce[:], key.Seed(), data)
	return pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: sealed}), nil
}

// openKey reads the content of a key file. For a wrong passphrase it returns
// ErrPassphrase, as for a file that has been tampered with: nobody can tell
// these apart.
func openKey(file, passphrase []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(file)
	if block == nil || block.Type != keyBlock || len(block.Headers) > 0 || !bytes.Equal(pem.EncodeToMemory(block), file) {
		return nil, errors.New("it is not one PEM block of type " + keyBlock)
	}
	s := cryptobyte.String(block.Bytes)
	var h keyHeader
	if err := h.unmarshal(&s); err != nil {
		return nil, err
	}
	aead, data, err := h.cipher(passphrase)
	if err != nil {
		return nil, err
	}
	seed, err := aead.Open(nil, h.nonce[:], s, data)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, ErrPassphrase
	}
	return ed25519.NewKeyFromSeed(seed), nil
}
