//go:build unix

package receive

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/channeltest"
	"github.com/certexch/certexch/internal/transfer"
)

// BenchmarkFileToFile is a file on its whole way from a disk to a disk: read, hash, seal, send over
// TCP on loopback, receive, open, hash, write, sync. TMPDIR chooses the disk.
func BenchmarkFileToFile(b *testing.B) {
	const size, patience = 256 << 20, time.Minute
	dir := b.TempDir()
	path := filepath.Join(dir, "source")
	check(b, os.WriteFile(path, make([]byte, size), 0o644))
	near, far := channeltest.Pair(b)
	server := transfer.Server{Source: disk{path: path}, Idle: patience, Wait: patience}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(ctx, far)
	}()
	defer func() { cancel(); <-done }()
	client := transfer.NewClient(near, patience)

	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := File(ctx, client, "docs", "f", Destination{dir, "f"}, Options{}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		check(b, os.Remove(filepath.Join(dir, "f")))
		b.StartTimer()
	}
}

// disk is a transfer.Source of one file on a disk.
type disk struct {
	transfer.Source
	path string
}

func (d disk) Open(string, string) (transfer.File, error) {
	f, err := os.Open(d.path)
	return diskFile{f}, err
}

type diskFile struct{ *os.File }

func (f diskFile) Entry() transfer.Entry {
	info, err := f.Stat()
	if err != nil {
		panic(err)
	}
	return transfer.Entry{Name: "f", Size: uint64(info.Size()), ModTime: info.ModTime()}
}

func (f diskFile) Unchanged() error { return nil }

// BenchmarkTree is 2,000 files of 4 KiB on their whole way from a disk to a disk. TMPDIR chooses the disk.
func BenchmarkTree(b *testing.B) {
	from, to := b.TempDir(), b.TempDir()
	body := string(noise(4096))
	for i := range 2000 {
		plant(b, from, map[string]string{fmt.Sprintf("%d/%d", i%20, i): body})
	}
	pool := farAt(b, from).pool()
	b.SetBytes(2000 * 4096)
	b.ReportAllocs()
	for b.Loop() {
		s, err := Tree(context.Background(), pool, "docs", "", transfer.Entry{Dir: true}, Destination{to, "new"}, TreeOptions{})
		if err != nil || s.Files != 2000 {
			b.Fatalf("%+v, %v", s, err)
		}
		b.StopTimer()
		check(b, os.RemoveAll(filepath.Join(to, "new")))
		b.StartTimer()
	}
}
