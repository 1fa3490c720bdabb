package main

import (
	"strings"

	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/host"
	"github.com/certexch/certexch/internal/transfer"
)

// parseIdentity reads an identity as it is typed inside the trust domain td.
func parseIdentity(td certauth.TrustDomain, s string) (certauth.Identity, error) {
	id, err := td.ParseIdentity(s)
	if err != nil && td.IsZero() {
		return id, cli.Usagef("%v; without a certificate of its own, this terminal takes whole identities only, like acme.example/site-a/nas", err)
	}
	if err != nil {
		return id, cli.Usagef("%v", err)
	}
	return id, nil
}

// location is a remote path: IDENTITY:SHARE/PATH. Without the share it is the terminal, without the
// path the share itself.
type location struct {
	identity    certauth.Identity
	share, path string
}

func (l location) String() string {
	text := l.identity.String() + ":" + l.share
	if l.path != "" {
		text += "/" + l.path
	}
	return text
}

// parseLocation reads a remote path. A slash at its end means nothing.
func parseLocation(td certauth.TrustDomain, s string) (l location, err error) {
	name, path, _ := cutLocation(s)
	if l.identity, err = parseIdentity(td, name); err != nil {
		return l, err
	}
	l.share, l.path, _ = strings.Cut(strings.TrimSuffix(path, "/"), "/")
	if l.share == "" && l.path == "" {
		return l, nil
	}
	if err := transfer.CheckShare(l.share); err != nil {
		return l, cli.Usagef("%v", err)
	}
	if err := transfer.CheckName(l.path); err != nil {
		return l, cli.Usagef("%v", err)
	}
	return l, nil
}

// cutLocation cuts a remote path at the colon after the identity.
func cutLocation(s string) (identity, path string, found bool) {
	const scheme = "spiffe://"
	rest, whole := strings.CutPrefix(s, scheme)
	identity, path, found = strings.Cut(rest, ":")
	if whole {
		identity = scheme + identity
	}
	return identity, path, found
}

// isRemote reports whether s is a remote path and not a local one: before its first colon stands an
// identity. A local file of such a name is written with ./ in front, which no identity has.
func isRemote(td certauth.TrustDomain, s string) bool {
	name, _, found := cutLocation(s)
	_, err := td.ParseIdentity(name)
	return found && err == nil
}

// parseFile reads a remote path that must name something inside a share.
func parseFile(td certauth.TrustDomain, s string) (location, error) {
	l, err := parseLocation(td, s)
	if err == nil && l.share == "" {
		return l, cli.Usagef("%q names no file: write IDENTITY:SHARE/PATH, like %s:docs/readme.txt", s, l.identity)
	}
	return l, err
}

// parseAddrs reads the values of --addr. An address through a relay is host.ErrRelayed.
func parseAddrs(values []string) ([]multiaddr.Multiaddr, error) {
	addrs := make([]multiaddr.Multiaddr, len(values))
	for i, s := range values {
		a, err := multiaddr.NewMultiaddr(s)
		if err != nil {
			return nil, badAddr(s, "is not a multiaddr; want for example /ip4/192.0.2.7/tcp/24242/p2p/12D3KooW…")
		}
		if _, err := host.Direct([]multiaddr.Multiaddr{a}); err != nil {
			return nil, err
		}
		if err := allowlist.CheckAddr(a); err != nil {
			return nil, badAddr(s, err.Error())
		}
		addrs[i] = a
	}
	return addrs, nil
}

// badAddr refuses a value of --addr. The problem ends with what is wanted.
func badAddr(value, problem string) error {
	return cli.Usagef("--addr %q %s, as `certexch id` prints it there while `certexch serve` runs", value, problem)
}
