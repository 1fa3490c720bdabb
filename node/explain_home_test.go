package node_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/node"
)

// TestExplainHome: what goes wrong with a home has a word of its own, and advice.
func TestExplainHome(t *testing.T) {
	for _, c := range []struct {
		err    error
		reason string
		code   int
	}{
		{&node.FormatError{File: "state/format", Found: "2"}, "newer-state", node.CodeOther},
		{node.ErrExists, "exists", node.CodeOther},
		{node.ErrRunning, "running", node.CodeOther},
		{node.ErrRootNotConfirmed, "root-not-confirmed", node.CodeOther},
		{node.ErrOtherRoot, "other-root", node.CodeCertificate},
		{node.ErrOlderList, "older-list", node.CodeOther},
		{node.ErrOlderCertificate, "older-certificate", node.CodeOther},
		{node.ErrOtherKeys, "key-mismatch", node.CodeCertificate},
		{&node.NotReadyError{Missing: "keys", Advice: "make them"}, "not-ready", node.CodeOther},
		{&allowlist.SyntaxError{Line: 1, Column: 2, Msg: "a comma"}, "bad-allowlist", node.CodeOther},
		{&certauth.Error{Failure: certauth.Malformed}, "certificate-malformed", node.CodeCertificate},
		{&certauth.Error{Failure: certauth.Expired}, "certificate-expired", node.CodeCertificate},
		{&certauth.Error{Failure: certauth.Revoked}, "certificate-revoked", node.CodeRevoked},
		{&certauth.Error{Failure: certauth.StaleList}, "revocation-list-stale", node.CodeCertificate},
	} {
		f := node.Explain(fmt.Errorf("in file: %w", c.err))
		if f.Reason != c.reason || f.Code != c.code || f.Try == "" || strings.Contains(f.Text+f.Try, "%!") {
			t.Errorf("%v: %+v", c.err, f)
		}
	}
}
