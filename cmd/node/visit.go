package main

import (
	"context"

	"github.com/multiformats/go-multiaddr"
	"github.com/spf13/cobra"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

// visit is one command's dealings with other terminals. Each is met once, however many of its files
// are named.
type visit struct {
	env      *environment
	terminal *node.Terminal
	addrs    []multiaddr.Multiaddr // of --addr; none: those of the allowlist
	peers    map[certauth.Identity]*node.Peer
}

// addrFlag adds --addr to a command that visits.
func addrFlag(cmd *cobra.Command) *[]string {
	return cmd.Flags().StringArray("addr", nil, "where to find the terminal: a `multiaddr` with /p2p/; may be repeated (default: what allow add --addr has noted)")
}

func (e *environment) visit(addrs []string) (*visit, error) {
	parsed, err := parseAddrs(addrs)
	if err != nil {
		return nil, err
	}
	t, err := e.ready()
	if err != nil {
		return nil, err
	}
	return &visit{env: e, terminal: t, addrs: parsed, peers: make(map[certauth.Identity]*node.Peer)}, nil
}

func (v *visit) close() { _ = v.terminal.Close() }

func (v *visit) trustDomain() certauth.TrustDomain { return v.terminal.Identity().TrustDomain() }

// files reads remote paths of files.
func (v *visit) files(args []string) ([]location, error) {
	files := make([]location, len(args))
	for i, arg := range args {
		l, err := parseFile(v.trustDomain(), arg)
		if err != nil {
			return nil, err
		}
		switch {
		case l.path == "":
			return nil, cli.Usagef("%q is a whole share: name a file in it, like %s/readme.txt", arg, l)
		case i > 0 && len(v.addrs) > 0 && l.identity != files[0].identity:
			return nil, cli.Usagef("--addr is where one terminal is, and the paths name several")
		}
		files[i] = l
	}
	return files, nil
}

// peer meets the terminal id, or returns it if it has been met.
func (v *visit) peer(ctx context.Context, id certauth.Identity) (*node.Peer, error) {
	if p, met := v.peers[id]; met {
		return p, nil
	}
	p, err := v.env.meet(ctx, v.terminal, id, v.addrs)
	if err != nil {
		return nil, err
	}
	v.peers[id] = p
	return p, nil
}
