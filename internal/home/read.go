package home

import (
	"fmt"
	"io"

	"github.com/certexch/certexch/internal/durable"
)

// ReadFile reads a file of the home, of at most limit bytes.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := durable.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, limit)
	}
	return data, nil
}
