package spec

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/discovery"
)

// row is a check in a table of a document, or in data.md the beginning of an item. M1 to M3 are messages.
var row = regexp.MustCompile(`(?m)\| ([A-LN-Z][0-9]+) \||^- \*\*(D-[0-9]+)\*\*`)

// TestDocumentsHaveTheChecks compares the numbers in the documents with those in the code.
func TestDocumentsHaveTheChecks(t *testing.T) {
	documented := make(map[string]bool)
	for _, name := range []string{"certificate.md", "certexch.md", "data.md"} {
		for _, m := range row.FindAllStringSubmatch(string(must(os.ReadFile(name))(t)), -1) {
			documented[m[1]+m[2]] = true
		}
	}
	code := checksInCode(t)
	for n := range code {
		if !documented[n] {
			t.Errorf("check %s is in no document", n)
		}
	}
	for n := range documented {
		if !code[n] {
			t.Errorf("check %s is not in the code", n)
		}
	}
}

// TestDocumentHasTheDomainStrings compares those in the code with those in the document.
func TestDocumentHasTheDomainStrings(t *testing.T) {
	document := string(must(os.ReadFile("certexch.md"))(t))
	label := regexp.MustCompile(`"(certexch/1\.0 [^"]+)"`)
	found := label.FindAllStringSubmatch(string(must(os.ReadFile("../protocol/schedule.go"))(t)), -1)
	if len(found) < 10 {
		t.Fatalf("%d domain strings in the code", len(found))
	}
	for _, m := range found {
		if !strings.Contains(document, "| `"+m[1]+"` |") {
			t.Errorf("the document does not have %q", m[1])
		}
	}
}

// numbered finds the checks in code: a comment at the end of a line, or a rule of certauth.
var numbered = regexp.MustCompile(`(?m)(?:// |\{")([A-Z][0-9]+|D-[0-9]+)(?:$|",)`)

// checksInCode are the numbers of all checks of certauth, protocol and transfer.
func checksInCode(t testing.TB) map[string]bool {
	found := make(map[string]bool)
	for _, folder := range []string{"../certauth", "../protocol", "../internal/transfer"} {
		for _, path := range must(filepath.Glob(filepath.Join(folder, "*.go")))(t) {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			for _, m := range numbered.FindAllStringSubmatch(string(must(os.ReadFile(path))(t)), -1) {
				found[m[1]] = true
			}
		}
	}
	return found
}

// TestDocumentHasTheService compares the example of discovery.md with the code.
func TestDocumentHasTheService(t *testing.T) {
	document := string(must(os.ReadFile("discovery.md"))(t))
	service := discovery.Service(must(certauth.ParseTrustDomain("acme.example"))(t))
	if !strings.Contains(document, "service     "+service+"\n") {
		t.Errorf("the document does not have %s", service)
	}
	label, _, _ := strings.Cut(service, ".")
	if !strings.Contains(document, hex.EncodeToString([]byte(label))) {
		t.Errorf("the question in the document is not for %s", label)
	}
}
