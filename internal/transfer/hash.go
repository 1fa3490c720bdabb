package transfer

import "github.com/zeebo/blake3"

// hasher computes the BLAKE3-256 of one content after the other, on the goroutine that writes to it.
type hasher struct{ blake3 *blake3.Hasher }

// reset makes h ready for another content.
func (h *hasher) reset() {
	if h.blake3 == nil {
		h.blake3 = blake3.New()
		return
	}
	h.blake3.Reset()
}

func (h *hasher) Write(p []byte) (int, error) { return h.blake3.Write(p) }

// Sum returns the hash of what has been written since reset.
func (h *hasher) Sum() (sum [32]byte) {
	h.blake3.Sum(sum[:0])
	return sum
}
