package node_test

import (
	"testing"
	"time"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/internal/control"
	"github.com/certexch/certexch/node"
	"github.com/certexch/certexch/protocol"
)

// TestPendingAsTheExchangeSees: whom the exchange refuses as not registered is pending, whatever else the list
// says of him; and whom it lets in is not.
func TestPendingAsTheExchangeSees(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas, desk := newFixture(t, authority, "nas"), newFixture(t, authority, "desk")
	desk.register(nas)
	addrs := nas.serve()
	about, err := node.Describe(desk.home, desk.config, certtest.Now)
	check(t, err)
	other := [32]byte{1}
	list := allowlist.NewStore(nas.home.Allowlist())
	for _, c := range []struct {
		name    string
		entry   *allowlist.Entry
		pending int
	}{
		{"no entry", nil, 1},
		{"an expired one", &allowlist.Entry{Expires: certtest.Now.Add(-time.Hour)}, 1},
		{"one for another key", &allowlist.Entry{Pin: &other}, 1},
		{"one for this key", &allowlist.Entry{Pin: &about.Key}, 0},
		{"one in force", &allowlist.Entry{Expires: certtest.Now.Add(time.Hour)}, 0},
	} {
		remove(t, nas, desk)
		if c.entry != nil {
			c.entry.Identity = desk.identity
			check(t, list.Add(t.Context(), *c.entry))
		}
		want := protocol.Reason("")
		if c.pending > 0 {
			want = protocol.NotRegisteredThere
		}
		wantReason(t, command(t, desk, nas, addrs...), want)
		pending, err := control.Client{Path: nas.home.Socket}.Pending(t.Context())
		if err != nil || len(pending) != c.pending {
			t.Errorf("%s: pending %+v, %v", c.name, pending, err)
		}
	}
}
