// Package docs holds the documents that are about no one package. Its tests read all documentation.
package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/certexch/certexch/internal/transfer"
)

const root = ".."

// TestEveryExportedNameIsDocumented: names and methods of every package but commands and tests, and the fields
// of those types that other modules can use.
func TestEveryExportedNameIsDocumented(t *testing.T) {
	public := aliased(t)
	for _, dir := range folders(t, ".go") {
		fset := token.NewFileSet()
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		documented, command := false, false
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || f.Doc != nil
			command = command || f.Name.Name == "main"
			for _, decl := range f.Decls {
				names := undocumented(decl)
				names = append(names, undocumentedFields(decl, func(name string) bool {
					return !strings.Contains(dir, "internal") || public[filepath.Join(dir, name)]
				})...)
				for _, name := range names {
					if !command {
						t.Errorf("%s: %s is not documented", fset.Position(decl.Pos()), name)
					}
				}
			}
		}
		if !documented && len(files) > 0 && !allTests(files) {
			t.Errorf("%s: the package is not documented", dir)
		}
	}
}

// aliased returns the types of internal packages that others have a public name for: FOLDER/NAME.
func aliased(t *testing.T) map[string]bool {
	t.Helper()
	types := make(map[string]bool)
	for _, dir := range folders(t, ".go") {
		if strings.Contains(dir, "internal") {
			continue
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				typ, ok := n.(*ast.TypeSpec)
				if !ok || !typ.Assign.IsValid() || !typ.Name.IsExported() {
					return true
				}
				if of, ok := typ.Type.(*ast.SelectorExpr); ok {
					types[filepath.Join(root, "internal", of.X.(*ast.Ident).Name, of.Sel.Name)] = true
				}
				return true
			})
		}
	}
	if len(types) == 0 {
		t.Error("no public name of an internal type was found")
	}
	return types
}

func allTests(files []string) bool {
	for _, path := range files {
		if !strings.HasSuffix(path, "_test.go") {
			return false
		}
	}
	return true
}

// undocumented returns the exported names of a declaration that no comment speaks of. One before a group of
// values speaks of all of them.
func undocumented(decl ast.Decl) (names []string) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && receiverExported(d) && !standardMethods[d.Name.Name] {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
					names = append(names, s.Name.Name)
				}
			case *ast.ValueSpec:
				for _, name := range s.Names {
					if name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}

// undocumentedFields returns the exported fields and methods of the public types of a declaration that no comment
// speaks of: their own, or one in the same type, or that of the type, by their name.
func undocumentedFields(decl ast.Decl, public func(string) bool) (names []string) {
	d, ok := decl.(*ast.GenDecl)
	if !ok || d.Tok != token.TYPE {
		return nil
	}
	for _, spec := range d.Specs {
		typ := spec.(*ast.TypeSpec)
		if !typ.Name.IsExported() || !public(typ.Name.Name) {
			continue
		}
		fields := fieldsOf(typ)
		said := d.Doc.Text() + typ.Doc.Text()
		for _, f := range fields {
			said += f.Doc.Text() + f.Comment.Text()
		}
		for _, f := range fields {
			for _, name := range f.Names {
				spoken := f.Doc != nil || f.Comment != nil || regexp.MustCompile(`\b`+name.Name+`\b`).MatchString(said)
				if name.IsExported() && !spoken {
					names = append(names, typ.Name.Name+"."+name.Name)
				}
			}
		}
	}
	return names
}

func fieldsOf(typ *ast.TypeSpec) []*ast.Field {
	switch t := typ.Type.(type) {
	case *ast.StructType:
		return t.Fields.List
	case *ast.InterfaceType:
		return t.Methods.List
	}
	return nil
}

// standardMethods mean the same everywhere.
var standardMethods = map[string]bool{"Error": true, "String": true, "Unwrap": true, "Is": true}

func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

// folders returns the folders below the root that hold files with this ending.
func folders(t *testing.T, ending string) []string {
	t.Helper()
	seen := make(map[string]bool)
	var list []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "bin") {
			return fs.SkipDir
		}
		if dir := filepath.Dir(path); strings.HasSuffix(path, ending) && !seen[dir] {
			seen[dir] = true
			list = append(list, dir)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var link = regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)

// TestLinksLeadSomewhere: every relative link in a document.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, dir := range folders(t, ".md") {
		documents, err := filepath.Glob(filepath.Join(dir, "*.md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range documents {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range link.FindAllStringSubmatch(string(text), -1) {
				if strings.Contains(m[1], "://") {
					continue
				}
				if _, err := os.Stat(filepath.Join(dir, m[1])); err != nil {
					t.Errorf("%s: the link to %s leads nowhere", path, m[1])
				}
			}
		}
	}
}

// A reason word, where it is given to a failure or named as one of an exchange.
var word = regexp.MustCompile(`(?:Failure\{(?:Reason: )?|Reason += |Status\w+: +\{)"([a-z-]+)"`)

// TestEveryReasonIsInTheReadme: what --json can say is listed.
func TestEveryReasonIsInTheReadme(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	words := 0
	for _, pattern := range []string{"node/*.go", "protocol/*.go", "cmd/node/*.go"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range word.FindAllStringSubmatch(string(source), -1) {
				words++
				if !strings.Contains(string(readme), "`"+m[1]+"`") {
					t.Errorf("%s: the README does not list %q", path, m[1])
				}
			}
		}
	}
	for s := transfer.StatusNotFound; !strings.HasPrefix(s.String(), "status-"); s++ { // what another terminal says
		words++
		if !strings.Contains(string(readme), "`"+s.String()+"`") {
			t.Errorf("the README does not list %q", s)
		}
	}
	if words < 30 {
		t.Errorf("only %d words found", words)
	}
}
