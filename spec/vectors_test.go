package spec

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the vectors anew")

// judges run the vectors of each folder against the implementation.
var judges = map[string]func(*testing.T, *vector){
	"certificates": judgeCertificate,
	"requests":     judgeRequest,
	"crls":         judgeList,
}

// TestVectors makes every vector, compares it with its file, and runs the file.
func TestVectors(t *testing.T) {
	made := slices.Concat(certificates(t), requests(t), crls(t))
	if *update {
		write(t, made)
	}
	files := readAll(t)
	for _, v := range made {
		t.Run(v.name, func(t *testing.T) {
			file := files[v.name]
			delete(files, v.name)
			if !bytes.Equal(file, v.marshal()) {
				t.Fatalf("vectors/%s is not what comes of the code: go test ./spec -update", v.name)
			}
			read := must(parse(v.name, file))(t)
			folder, _, _ := strings.Cut(v.name, "/")
			judges[folder](t, read)
		})
	}
	for name := range files {
		t.Errorf("vectors/%s comes of nothing", name)
	}
}

// write replaces all vectors.
func write(t testing.TB, made []*vector) {
	for folder := range judges {
		check(t, os.RemoveAll(filepath.Join("vectors", folder)))
	}
	for _, v := range made {
		file := filepath.Join("vectors", v.name)
		check(t, os.MkdirAll(filepath.Dir(file), 0o755))
		if _, err := os.Stat(file); err == nil {
			t.Fatalf("two vectors have the name %s", v.name)
		}
		check(t, os.WriteFile(file, v.marshal(), 0o644))
	}
}

// readAll returns the files of all vectors by name.
func readAll(t testing.TB) map[string][]byte {
	files := make(map[string][]byte)
	for folder := range judges {
		check(t, filepath.WalkDir(filepath.Join("vectors", folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name := must(filepath.Rel("vectors", path))(t)
			files[filepath.ToSlash(name)] = must(os.ReadFile(path))(t)
			return nil
		}))
	}
	return files
}
