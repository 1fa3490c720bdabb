package node_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/certexch/certexch/node"
)

// BenchmarkRead is one large file, file to file, over libp2p on loopback; both ends are in this process.
// TMPDIR on tmpfs makes it a measure of the way and not of the disk.
func BenchmarkRead(b *testing.B) {
	const size = 512 << 20
	dir := b.TempDir()
	source, err := os.Create(filepath.Join(dir, "large"))
	check(b, err)
	block := make([]byte, 1<<20)
	for i := range size / len(block) {
		block[0] = byte(i)
		_, err = source.Write(block)
		check(b, err)
	}
	check(b, source.Close())
	peer := meet(b, dir)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		content, err := peer.Read(b.Context(), node.ReadRequest{Share: "docs", Path: "large"})
		check(b, err)
		target, err := os.Create(filepath.Join(b.TempDir(), "large"))
		check(b, err)
		_, err = content.WriteTo(target)
		check(b, err)
		check(b, target.Close())
		check(b, content.Close())
	}
}
