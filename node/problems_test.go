package node_test

import (
	"strings"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/internal/control"
	"github.com/certexch/certexch/node"
)

// TestProblems: what has a date is told of when two thirds of its time are over, and differently once all is.
func TestProblems(t *testing.T) {
	const day = 24 * time.Hour
	authority := certtest.NewAuthority(t, "acme.example")
	desk := newFixtureUntil(t, authority, "desk", certtest.Now.Add(90*day))
	desk.config.Revocation.OnStale = "warn"
	for _, c := range []struct {
		after time.Duration
		want  []string
	}{
		{0, nil},
		{19 * day, nil},
		{21 * day, []string{"the revocation list of acme.example is valid until 2026-12-01"}},
		{31 * day, []string{"the revocation list of acme.example was valid until 2026-12-01"}},
		{61 * day, []string{"the certificate expires on", "the revocation list of acme.example was valid"}},
		{91 * day, []string{"certificate has expired", "the revocation list of acme.example was valid"}},
	} {
		now := certtest.Now.Add(c.after)
		about, err := node.Describe(desk.home, desk.config, now)
		check(t, err)
		wantProblems(t, about.Problems(now), c.want...)
	}
	none := node.About{Authorities: []node.Authority{{Root: authority.Root}}}
	wantProblems(t, none.Problems(certtest.Now), "there is no revocation list of acme.example")
}

func wantProblems(t *testing.T, got []string, want ...string) {
	t.Helper()
	for i, w := range want {
		if len(got) != len(want) || !strings.Contains(got[i], w) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %q", got)
	}
}

// TestRenamedWhileItRuns: a certificate for another identity is not shown before the terminal is restarted as that
// one, and status says so.
func TestRenamedWhileItRuns(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas, desk := newFixture(t, authority, "nas"), newFixture(t, authority, "desk")
	nas.register(desk)
	desk.register(nas)
	there, addrs := nas.running()
	wantReason(t, command(t, desk, nas, addrs...), "")

	other := *nas
	var err error
	other.identity, err = authority.Root.TrustDomain().ParseIdentity("printer")
	check(t, err)
	request, err := node.Request(nas.home, other.identity)
	check(t, err)
	bundle := certauth.Bundle{
		Leaf: sign(t, authority, request, other.identity, certtest.Now.AddDate(0, 0, 30)),
		Root: authority.Root.DER(),
	}
	installed, err := node.Install(nas.home, bundle.PEM(), certtest.Now, nil)
	check(t, err)
	if installed.Former != nas.identity {
		t.Errorf("installed %+v", installed)
	}

	desk.register(&other)
	for _, expected := range []*fixture{nas, &other} {
		if f := node.Explain(command(t, desk, expected, addrs...)); f.Code == 0 || strings.Contains(f.Text, "printer") {
			t.Errorf("it was shown: %+v", f)
		}
	}
	if _, err := there.Dial(t.Context(), desk.identity, desk.serve()...); err == nil || !strings.Contains(node.Explain(err).Text, "restart") {
		t.Errorf("dialled: %v", err)
	}
	status, err := control.Client{Path: nas.home.Socket}.Status(t.Context())
	check(t, err)
	wantProblems(t, status.Problems, "the certificate is now for acme.example/printer, and this terminal runs as acme.example/nas: restart it")
}
