package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// get reads a range, by Read or by WriteTo.
func get(client *Client, want ReadRequest, byRead bool) ([]byte, error) {
	content, err := client.Read(context.Background(), want)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	if byRead {
		return io.ReadAll(content)
	}
	var b bytes.Buffer
	_, err = content.WriteTo(&b)
	return b.Bytes(), err
}

// D7: any range gives exactly its bytes, or an error when it is not wholly in the file.
func TestD7Ranges(t *testing.T) {
	source := memory{}
	sizes := []int{0, 1, 65503, 65504, 65505, 2 * 65504, 200_000}
	for _, size := range sizes {
		source[fmt.Sprintf("docs/%d", size)] = pattern(size)
	}
	client, _ := serve(t, newServer(source))
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom(sizes).Draw(t, "size")
		number := rapid.OneOf(
			rapid.Uint64Range(0, uint64(size)+2),
			rapid.SampledFrom([]uint64{0, 65504, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64 - uint64(size), math.MaxUint64}),
		)
		want := ReadRequest{Share: "docs", Path: fmt.Sprint(size), Offset: number.Draw(t, "offset"), Length: number.Draw(t, "length")}
		got, err := get(client, want, rapid.Bool().Draw(t, "byRead"))
		reference, ok := slice(source["docs/"+want.Path], want.Offset, want.Length)
		switch {
		case ok && (err != nil || !bytes.Equal(got, reference)):
			t.Fatalf("%d bytes, %v, want %d", len(got), err, len(reference))
		case !ok && !errors.Is(err, ErrRange):
			t.Fatalf("%d bytes, %v, want ErrRange", len(got), err)
		}
	})
}

// slice is the reference: ranges as a Go slice sees them, found by stepping and not by sums.
func slice(content []byte, offset, length uint64) ([]byte, bool) {
	for ; offset > 0; offset-- {
		if len(content) == 0 {
			return nil, false
		}
		content = content[1:]
	}
	if length == 0 {
		return content, true
	}
	if length > uint64(len(content)) {
		return nil, false
	}
	return content[:length], true
}

// Mixing Read and WriteTo loses nothing and repeats nothing.
func TestReadThenWriteTo(t *testing.T) {
	want := pattern(200_000)
	client, _ := serve(t, newServer(memory{"docs/f": want}))
	content, err := client.Read(context.Background(), ReadRequest{Share: "docs", Path: "f"})
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if _, err := io.CopyN(&got, onlyReader{content}, 70_001); err != nil {
		t.Fatal(err)
	}
	if n, err := content.WriteTo(&got); err != nil || n != int64(len(want)-70_001) {
		t.Errorf("WriteTo = %d, %v", n, err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("other bytes")
	}
	if n, err := content.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("Read after the end = %d, %v", n, err)
	}
	if n, err := content.WriteTo(&got); n != 0 || err != nil {
		t.Errorf("WriteTo after the end = %d, %v", n, err)
	}
}

type onlyReader struct{ io.Reader }

// D8: a file that is not the version asked for is not sent.
func TestD8IfVersion(t *testing.T) {
	source := memory{"docs/f": []byte("content")}
	client, _ := serve(t, newServer(source))
	version := source.entry("docs/f").Version
	if got, err := get(client, ReadRequest{Share: "docs", Path: "f", IfVersion: &version}, false); err != nil || string(got) != "content" {
		t.Errorf("the version asked for: %q, %v", got, err)
	}
	version[0]++
	if got, err := get(client, ReadRequest{Share: "docs", Path: "f", IfVersion: &version}, false); !errors.Is(err, ErrChanged) || len(got) != 0 {
		t.Errorf("another version: %q, %v", got, err)
	}
}

// D8: a file that is cut off, or is another version at the end than at the start, ends in "changed",
// however much of it was sent; the client can go on.
func TestD8ChangeWhileReading(t *testing.T) {
	const size = 300_000
	entry := Entry{Name: "f", Size: size, ModTime: modTime}
	for name, file := range map[string]File{
		"cut off":   &memoryFile{ReaderAt: bytes.NewReader(pattern(size - 1)), entry: entry},
		"emptied":   &memoryFile{ReaderAt: bytes.NewReader(nil), entry: entry},
		"rewritten": &memoryFile{ReaderAt: bytes.NewReader(pattern(size)), entry: entry, changed: ErrChanged},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := serve(t, newServer(oneFile{memory{"docs/f": nil}, file}))
			for _, byRead := range []bool{true, false} {
				_, err := get(client, ReadRequest{Share: "docs", Path: "f"}, byRead)
				var status *StatusError
				if !errors.As(err, &status) || status.Status != StatusChanged || !errors.Is(err, ErrChanged) {
					t.Errorf("%v", err)
				}
			}
			if _, err := client.Stat(context.Background(), "docs", "f"); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// F3: an error of the server's disk is its own status, not a short file.
func TestF3ReadErrorOnServer(t *testing.T) {
	file := &memoryFile{ReaderAt: brokenDisk{}, entry: Entry{Size: 300_000}}
	client, _ := serve(t, newServer(oneFile{memory{}, file}))
	_, err := get(client, ReadRequest{Share: "docs", Path: "f"}, false)
	var status *StatusError
	if !errors.As(err, &status) || status.Status != StatusFailed {
		t.Errorf("%v", err)
	}
}

type brokenDisk struct{}

func (brokenDisk) ReadAt(p []byte, off int64) (int, error) {
	if off > 100_000 {
		return 0, errors.New("input/output error")
	}
	return len(p), nil
}
