package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// check is a numbered check, and the source that switches it off.
type check struct {
	id    string
	file  string
	place string // file:line
	// The condition's place in the source, and what is added to it. It is still evaluated, since
	// many a condition reads what the following code needs.
	from, to int
	off      string
}

// What switches a condition off: that of an if statement, and that of a row.
const (
	neverRefuse = " && false"
	alwaysHolds = " || true"
)

// number is what a comment on a check's line consists of.
var number = regexp.MustCompile(`^// ([A-Z]{1,2}-?\d+)\b`)

// findChecks returns the checks of a package in the order of its files and lines.
func findChecks(dir string) ([]check, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var checks []check
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		found, err := checksOf(file)
		if err != nil {
			return nil, err
		}
		checks = append(checks, found...)
	}
	if len(checks) == 0 {
		return nil, fmt.Errorf("%s has no numbered checks", dir)
	}
	return checks, nil
}

func checksOf(file string) ([]check, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	ids := make(map[int]string) // by line
	for _, group := range f.Comments {
		for _, c := range group.List {
			if m := number.FindStringSubmatch(c.Text); m != nil {
				ids[fset.Position(c.Pos()).Line] = m[1]
			}
		}
	}
	var checks []check
	add := func(id string, cond ast.Expr, off string) {
		at := fset.Position(cond.Pos())
		checks = append(checks, check{
			id: id, file: file, place: fmt.Sprintf("%s:%d", file, at.Line),
			from: at.Offset, to: fset.Position(cond.End()).Offset, off: off,
		})
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IfStmt:
			if id := ids[fset.Position(n.Body.Pos()).Line]; id != "" {
				add(id, n.Cond, neverRefuse)
			}
		case *ast.CompositeLit:
			if id, cond := row(n); id != "" {
				add(id, cond, alwaysHolds)
			}
		}
		return true
	})
	if missed := len(ids) - ifs(checks); missed != 0 {
		return nil, fmt.Errorf("%s: %d numbered comments stand on no if statement", file, missed)
	}
	return checks, nil
}

func ifs(checks []check) (n int) {
	for _, c := range checks {
		if c.off == neverRefuse {
			n++
		}
	}
	return n
}

// row takes {"C3", condition, …} apart. A condition that is a constant is the row of a check that stands
// elsewhere.
func row(lit *ast.CompositeLit) (id string, cond ast.Expr) {
	if len(lit.Elts) != 3 {
		return "", nil
	}
	first, ok := lit.Elts[0].(*ast.BasicLit)
	if !ok || first.Kind != token.STRING {
		return "", nil
	}
	id, err := strconv.Unquote(first.Value)
	if err != nil || !number.MatchString("// "+id) {
		return "", nil
	}
	if name, ok := lit.Elts[1].(*ast.Ident); ok && name.Name == "false" {
		return "", nil
	}
	return id, lit.Elts[1]
}

// lay writes the altered file, and the overlay that puts it in the place of the real one.
func lay(dir string, c check) (overlay string, err error) {
	source, err := os.ReadFile(c.file)
	if err != nil {
		return "", err
	}
	var altered bytes.Buffer
	altered.Write(source[:c.from])
	fmt.Fprintf(&altered, "(%s)%s", source[c.from:c.to], c.off)
	altered.Write(source[c.to:])
	path := filepath.Join(dir, "altered.go")
	if err := os.WriteFile(path, altered.Bytes(), 0o600); err != nil {
		return "", err
	}
	real, err := filepath.Abs(c.file)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{real: path}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o600)
}

// goTest runs the tests of a package with the overlay, up to the first that fails.
func goTest(ctx context.Context, overlay, pkg string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-vet=off", "-short", "-failfast", "-timeout=60s", "-overlay", overlay, "./"+pkg)
	cmd.Env = append(os.Environ(), "RAPID_NOFAILFILE=true") // or rapid writes into the tree
	return cmd.CombinedOutput()
}
