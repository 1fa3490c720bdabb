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
	"exchanges":    judgeExchange,
	"streams":      judgeStream,
}

// TestVectors makes every vector, compares it with its file, and runs the file.
func TestVectors(t *testing.T) {
	if testing.Short() {
		t.Skip("makes every vector, in one goroutine")
	}
	made := slices.Concat(certificates(t), requests(t), crls(t), exchanges(t), streams(t))
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

// noVector are the checks for which there can be no vector here, or need not be.
var noVector = map[string]string{
	"B":   "bundles are files of one terminal and never travel: certauth tests them",
	"D":   "requests and answers travel inside sealed streams: internal/transfer tests them",
	"I":   "a name that is not in its form shows as C9 and Q8; certauth tests the rules one by one",
	"K1":  "in a certificate or request, X4 and Q3 come first",
	"E14": "what comes after the end of an exchange belongs to the control stream: protocol tests it",
}

// TestEveryCheck makes sure that no numbered check of the code is without a vector, and no vector about
// a check that is not there.
func TestEveryCheck(t *testing.T) {
	used := make(map[string]bool)
	for name, file := range readAll(t) {
		if n := must(parse(name, file))(t).get("check"); n != "" {
			used[n] = true
		}
	}
	code := checksInCode(t)
	for n := range code {
		if !used[n] && noVector[n] == "" && noVector[n[:1]] == "" {
			t.Errorf("there is no vector for check %s", n)
		}
	}
	for n := range used {
		if !code[n] {
			t.Errorf("there is a vector for check %s, which is not in the code", n)
		}
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
