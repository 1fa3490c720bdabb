package transfer

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/certexch/certexch/internal/channeltest"
)

// BenchmarkReadFile is the whole path of a file from memory to memory, over a sealed channel on a TCP
// connection on loopback: read, hash, seal, send, receive, open, hash, write, both ends on one machine.
func BenchmarkReadFile(b *testing.B) {
	for _, size := range []int{1 << 10, 1 << 20, 64 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			client, _ := serve(b, newServer(memory{"docs/file": pattern(size)}))
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				content, err := client.Read(context.Background(), ReadRequest{Share: "docs", Path: "file"})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := content.WriteTo(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLoopback is the bare TCP connection of BenchmarkReadFile, for comparison.
func BenchmarkLoopback(b *testing.B) {
	near, far := channeltest.Transports(b)
	go io.Copy(io.Discard, far)
	buf := make([]byte, 65524)
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		if _, err := near.Write(buf); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStat is one small request and its answer.
func BenchmarkStat(b *testing.B) {
	client, _ := serve(b, newServer(memory{"docs/file": pattern(1)}))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.Stat(context.Background(), "docs", "file"); err != nil {
			b.Fatal(err)
		}
	}
}
