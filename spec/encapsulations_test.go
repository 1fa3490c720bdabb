package spec

import (
	"bytes"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"testing"

	"github.com/certexch/certexch/protocol"
)

// recordFile has every encapsulation that vectors use. crypto/hpke takes no randomness, so they cannot
// be made twice: they are recorded once and said again.
const recordFile = "vectors/encapsulations"

// record is the recorded encapsulations, and the private keys that open them.
type record struct {
	t        testing.TB
	recorded *vector
	private  map[string]hpke.PrivateKey // by public key
}

func newRecord(t testing.TB, private ...hpke.PrivateKey) *record {
	r := &record{t, newVector("encapsulations", "success", "", "certexch.md 14", "by the first half of the SHA-256 of public key and info"), make(map[string]hpke.PrivateKey)}
	file, err := os.ReadFile(recordFile)
	if err == nil {
		r.recorded = must(parse("encapsulations", file))(t)
	} else if !*update || !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, key := range private {
		r.private[string(key.PublicKey().Bytes())] = key
	}
	return r
}

// encapsulate is protocol.Encapsulate with a memory.
func (r *record) encapsulate(public hpke.PublicKey, info string) (enc, secret []byte, err error) {
	hash := sha256.Sum256(append(public.Bytes(), info...))
	kind := "ENCAPSULATION " + hex.EncodeToString(hash[:16])
	if all := r.recorded.all(kind); all != nil {
		enc = bytes.Clone(all[0])
	} else if !*update {
		return nil, nil, errors.New("an encapsulation that was never recorded")
	} else if enc, _, err = protocol.Encapsulate(public, info); err == nil {
		r.recorded.add(kind, enc)
		err = os.WriteFile(recordFile, r.recorded.marshal(), 0o644)
	}
	if err != nil {
		return nil, nil, err
	}
	secret, err = open(r.private[string(public.Bytes())], enc, info)
	return enc, secret, err
}
