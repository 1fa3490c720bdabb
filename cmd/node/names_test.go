package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/host"
)

func acme(t *testing.T) certauth.TrustDomain {
	t.Helper()
	td, err := certauth.ParseTrustDomain("acme.example")
	if err != nil {
		t.Fatal(err)
	}
	return td
}

func TestParseLocation(t *testing.T) {
	for in, want := range map[string]string{
		"nas":                               "acme.example/nas:",
		"nas:":                              "acme.example/nas:",
		"site-a/nas:docs":                   "acme.example/site-a/nas:docs",
		"nas:docs/":                         "acme.example/nas:docs",
		"nas:docs/a:b/c":                    "acme.example/nas:docs/a:b/c",
		"other.example/nas:docs/a b.txt":    "other.example/nas:docs/a b.txt",
		"spiffe://acme.example/nas:docs":    "acme.example/nas:docs",
		"nas:docs/reports/2026/":            "acme.example/nas:docs/reports/2026",
		"acme.example/a/b/c/d/e/f/g/h:docs": "acme.example/a/b/c/d/e/f/g/h:docs",
	} {
		l, err := parseLocation(acme(t), in)
		if err != nil || l.String() != want {
			t.Errorf("parseLocation(%q) = %q, %v; want %q", in, l, err, want)
		}
	}
}

// TestD1NamesAsTyped: a name that no peer would accept is wrong usage, and nothing is sent.
func TestD1NamesAsTyped(t *testing.T) {
	for _, in := range []string{
		"", ":docs", "NAS:docs", "nas/:docs", "-nas:docs", "n*:docs", "a,b:docs",
		"nas:docs/..", "nas:docs/../x", "nas:../x", "nas:/docs", "nas:docs//x", "nas:docs/./x", "nas:.",
		"nas:docs/a\\b", "nas:docs/a\x1bb", "nas:docs/\xff", "nas:docs/" + strings.Repeat("x", 256),
		"nas:" + strings.Repeat("s", 65) + "/x",
	} {
		l, err := parseLocation(acme(t), in)
		if !errors.As(err, new(*cli.UsageError)) {
			t.Errorf("parseLocation(%q) = %q, %v; want wrong usage", in, l, err)
		}
	}
}

func TestIsRemote(t *testing.T) {
	for in, want := range map[string]bool{
		"nas:docs/x":                    true,
		"acme.example/nas:docs":         true,
		"spiffe://acme.example/nas:doc": true,
		"out.txt":                       false,
		"./nas:docs":                    false,
		"/tmp/a:b":                      false,
		"../x:y":                        false,
		"a b:c":                         false,
		"-":                             false,
		".":                             false,
		"dir/":                          false,
	} {
		if got := isRemote(acme(t), in); got != want {
			t.Errorf("isRemote(%q) = %v", in, got)
		}
	}
}

const somePeer = "12D3KooWGRUVBuFfYBUvNi2hx9JmCBDn1u3u6yZ4wnuCLCrg3Xma"

func TestParseAddrs(t *testing.T) {
	for in, usage := range map[string]bool{
		"":                                    true,
		"192.0.2.7:24242":                     true,
		"/ip4/192.0.2.7/tcp/24242":            true,
		"/ip4/192.0.2.7/tcp/24242/p2p/x":      true,
		"/p2p/" + somePeer + "/ip4/192.0.2.7": true,
		"/ip4/192.0.2.7/tcp/24242/p2p/" + somePeer:                false,
		"/ip6/::1/udp/24242/quic-v1/p2p/" + somePeer:              false,
		"/dns4/nas.acme.example/tcp/24242/p2p/" + somePeer:        false,
		"/dns/nas.acme.example/udp/24242/quic-v1/p2p/" + somePeer: false,
		"/ip6zone/eth0/ip6/fe80::1/tcp/24242/p2p/" + somePeer:     false,
		"/dnsaddr/nas.acme.example/p2p/" + somePeer:               false,
		"/p2p/" + somePeer:                                              true,
		"/ip4/192.0.2.7/p2p/" + somePeer:                                true,
		"/ip4/192.0.2.7/udp/24242/p2p/" + somePeer:                      true,
		"/ip4/192.0.2.7/udp/24242/quic/p2p/" + somePeer:                 true,
		"/ip4/192.0.2.7/udp/24242/quic-v1/webtransport/p2p/" + somePeer: true,
		"/ip4/192.0.2.7/tcp/24242/ws/p2p/" + somePeer:                   true,
		"/dns4/nas.acme.example/tcp/443/wss/p2p/" + somePeer:            true,
		"/unix/run/nas/p2p/" + somePeer:                                 true,
	} {
		_, err := parseAddrs([]string{in})
		switch {
		case usage && !errors.As(err, new(*cli.UsageError)):
			t.Errorf("%q: %v", in, err)
		case usage && !strings.Contains(err.Error(), "/tcp/24242/p2p/12D3KooW…"):
			t.Errorf("%q: no example in %q", in, err)
		case !usage && err != nil:
			t.Errorf("%q: %v", in, err)
		}
	}
}

// TestParseAddrsRelayed: an address through a relay is never passed over in silence.
func TestParseAddrsRelayed(t *testing.T) {
	direct := "/ip4/192.0.2.7/tcp/24242/p2p/" + somePeer
	for _, in := range [][]string{
		{direct + "/p2p-circuit"},
		{direct + "/p2p-circuit/p2p/" + somePeer},
		{direct, direct + "/p2p-circuit/p2p/" + somePeer},
	} {
		if _, err := parseAddrs(in); !errors.Is(err, host.ErrRelayed) {
			t.Errorf("%q: %v", in, err)
		}
	}
}
