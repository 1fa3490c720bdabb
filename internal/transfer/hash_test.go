package transfer

import (
	"math/rand/v2"
	"testing"

	"lukechampine.com/blake3"
	"pgregory.net/rapid"
)

// block is what the processor's vector instructions take at once.
const block = 16 << 10

// hashOf is the hash of a content, as the specification has it and another library computes it.
func hashOf(content []byte) [32]byte {
	var hashes []byte
	for len(content) > 0 {
		n := min(len(content), 1<<20)
		hash := blake3.Sum256(content[:n])
		hashes = append(hashes, hash[:]...)
		content = content[n:]
	}
	return blake3.Sum256(hashes)
}

// The hash is what another implementation computes, for every length and however the content is cut into
// writes, and each whole block is told once.
func TestHasher(t *testing.T) {
	content := make([]byte, 200*block)
	for i := range content {
		content[i] = byte(rand.Uint32())
	}
	var h hasher
	rapid.Check(t, func(t *rapid.T) {
		blocks := rapid.OneOf(rapid.IntRange(0, 199), rapid.SampledFrom([]int{63, 64, 127, 128, 192})).Draw(t, "blocks")
		data := content[:blocks*block+rapid.IntRange(0, block).Draw(t, "rest")]
		if rapid.Bool().Draw(t, "whole") {
			data = content[:blocks*block]
		}
		want, whole := hashOf(data), len(data)/BlockSize
		h.reset()
		told, rest := 0, data
		h.onBlock = func(hash [32]byte) {
			if hash != BlockHash(rest[told*BlockSize:(told+1)*BlockSize]) {
				t.Fatalf("block %d has another hash", told)
			}
			told++
		}
		for len(data) > 0 {
			n := min(len(data), rapid.SampledFrom([]int{1, 1000, 1024, block - 1, block, block + 1, 65504, 1 << 20}).Draw(t, "write"))
			h.Write(data[:n])
			data = data[n:]
		}
		if got := h.Sum(); got != want || told != whole {
			t.Fatalf("got %x, want %x; %d blocks of %d", got, want, told, whole)
		}
	})
}

func BenchmarkHasher(b *testing.B) {
	var h hasher
	h.reset()
	payload := make([]byte, 65504)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		h.Write(payload)
	}
}
