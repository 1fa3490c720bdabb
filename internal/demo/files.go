package demo

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// makeFiles makes what first serves: a small tree, where no DIR was given, and one large file.
func (s *stage) makeFiles() error {
	if s.Dir == "" {
		s.Dir = s.path(filesShare)
		for name, size := range map[string]int64{
			"readme.txt":            1 << 10,
			"empty":                 0,
			"reports/2026/q3.csv":   100_000,
			"reports/2026/q4 ✓.csv": 65504, // exactly one frame
			"photos/one.raw":        5 << 20,
			"photos/two.raw":        3<<20 + 1,
		} {
			if err := makeFile(filepath.Join(s.Dir, filepath.FromSlash(name)), size); err != nil {
				return err
			}
		}
	}
	return makeFile(s.path(bulkShare, bulkFile), s.Bulk)
}

// makeFile writes size bytes that no compression and no luck could reproduce.
func makeFile(path string, size int64) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	noise := rand.NewChaCha8([32]byte([]byte(fmt.Sprintf("%-32.32s", filepath.Base(path)))))
	_, err = io.CopyN(f, noise, size)
	return errors.Join(err, f.Close())
}

// same reports whether two files hold the same bytes.
func same(a, b string) (bool, error) {
	f, err := os.Open(a)
	if err != nil {
		return false, err
	}
	defer f.Close()
	g, err := os.Open(b)
	if err != nil {
		return false, err
	}
	defer g.Close()
	return sameBytes(bufio.NewReaderSize(f, 1<<20), bufio.NewReaderSize(g, 1<<20))
}

func sameBytes(a, b io.Reader) (bool, error) {
	const chunk = 1 << 18
	x, y := make([]byte, chunk), make([]byte, chunk)
	for {
		n, errA := io.ReadFull(a, x)
		m, errB := io.ReadFull(b, y)
		if err := errors.Join(failure(errA), failure(errB)); err != nil {
			return false, err
		}
		if !bytes.Equal(x[:n], y[:m]) {
			return false, nil
		}
		if n < chunk {
			return true, nil
		}
	}
}

// failure is err, unless it is the end of a file.
func failure(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}

// regularFiles counts the regular files below dir.
func regularFiles(dir string) (n int, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	})
	return n, err
}
