package transfer

import (
	"math/rand/v2"
	"testing"

	"lukechampine.com/blake3"
	"pgregory.net/rapid"
)

// block is what the processor's vector instructions take at once.
const block = 16 << 10

// The hash is what another implementation computes, for every length and however the content is cut into writes.
func TestHasherIsBLAKE3(t *testing.T) {
	content := make([]byte, 70*block)
	for i := range content {
		content[i] = byte(rand.Uint32())
	}
	var h hasher
	rapid.Check(t, func(t *rapid.T) {
		blocks := rapid.IntRange(0, 69).Draw(t, "blocks")
		data := content[:blocks*block+rapid.IntRange(0, block).Draw(t, "rest")]
		want := blake3.Sum256(data)
		h.reset()
		for len(data) > 0 {
			n := min(len(data), rapid.SampledFrom([]int{1, 1000, 1024, block - 1, block, block + 1, 65504, 1 << 20}).Draw(t, "write"))
			h.Write(data[:n])
			data = data[n:]
		}
		if got := h.Sum(); got != want {
			t.Fatalf("got %x, want %x", got, want)
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
