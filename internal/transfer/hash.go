package transfer

import "github.com/zeebo/blake3"

// BlockSize is the number of bytes of content in one block: content has the hash of the hashes of its
// blocks, so that who keeps those can tell later how much of a file is there, and hashes only once.
const BlockSize = 1 << 20

// hasher computes the hash of one content after the other (spec/data.md), on the goroutine that writes
// to it.
type hasher struct {
	block, blocks *blake3.Hasher
	filled        int                 // bytes in block
	onBlock       func(hash [32]byte) // told of each whole block; nil: nobody wants to know
}

// reset makes h ready for another content.
func (h *hasher) reset() {
	h.filled, h.onBlock = 0, nil
	if h.block == nil {
		h.block, h.blocks = blake3.New(), blake3.New()
		return
	}
	h.block.Reset()
	h.blocks.Reset()
}

func (h *hasher) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), BlockSize-h.filled)
		_, _ = h.block.Write(rest[:n])
		rest = rest[n:]
		if h.filled += n; h.filled == BlockSize {
			hash := h.endBlock()
			if h.onBlock != nil {
				h.onBlock(hash)
			}
		}
	}
	return len(p), nil
}

func (h *hasher) endBlock() (hash [32]byte) {
	h.block.Sum(hash[:0])
	_, _ = h.blocks.Write(hash[:])
	h.block.Reset()
	h.filled = 0
	return hash
}

// Sum ends the content and returns the hash of what has been written since reset.
func (h *hasher) Sum() (sum [32]byte) {
	if h.filled > 0 {
		h.endBlock()
	}
	h.blocks.Sum(sum[:0])
	return sum
}

// BlockHash is the hash of one block of content, BlockSize bytes at most.
func BlockHash(block []byte) [32]byte { return blake3.Sum256(block) }
