package transfer

import (
	"math/bits"

	"lukechampine.com/blake3/guts"
)

// hasher computes BLAKE3-256 of a stream on the goroutine that writes to it. blake3.Hasher gives the
// same result, but it starts a goroutine for every power of two in every Write, which at the size of
// a frame makes it three times slower than this and allocates.
//
// Content is compressed in blocks of 16 KiB, each a whole subtree, which is what the processor's
// vector instructions take at once. The last block is kept back, since whether it is the last decides
// how it is compressed.
type hasher struct {
	buf    [block]byte
	n      int
	blocks uint64        // blocks compressed; bit i is set when stack[i] holds a subtree
	stack  [50][8]uint32 // roots of finished subtrees of 2^i blocks: 2^50 blocks exceed MaxSize
}

const block = guts.MaxSIMD * guts.ChunkSize

// reset makes h ready for another stream.
func (h *hasher) reset() { h.n, h.blocks = 0, 0 }

func (h *hasher) Write(p []byte) (int, error) {
	n := len(p)
	if h.n > 0 {
		filled := copy(h.buf[h.n:], p)
		h.n += filled
		p = p[filled:]
		if len(p) > 0 {
			h.compress(&h.buf)
			h.n = 0
		}
	}
	for len(p) > block {
		h.compress((*[block]byte)(p))
		p = p[block:]
	}
	h.n += copy(h.buf[h.n:], p)
	return n, nil
}

// compress adds a full block and merges the subtrees that it completes.
func (h *hasher) compress(b *[block]byte) {
	node := guts.CompressBuffer(b, block, &guts.IV, h.blocks*guts.MaxSIMD, 0)
	height := 0
	for ; h.blocks&(1<<height) != 0; height++ {
		node = guts.ParentNode(h.stack[height], guts.ChainingValue(node), &guts.IV, 0)
	}
	h.stack[height] = guts.ChainingValue(node)
	h.blocks++
}

// Sum returns the hash of what has been written. Only reset may follow.
func (h *hasher) Sum() (sum [32]byte) {
	node := guts.CompressBuffer(&h.buf, h.n, &guts.IV, h.blocks*guts.MaxSIMD, 0)
	for rest := h.blocks; rest != 0; rest &= rest - 1 {
		left := h.stack[bits.TrailingZeros64(rest)]
		node = guts.ParentNode(left, guts.ChainingValue(node), &guts.IV, 0)
	}
	node.Flags |= guts.FlagRoot
	out := guts.WordsToBytes(guts.CompressNode(node))
	copy(sum[:], out[:])
	return sum
}
