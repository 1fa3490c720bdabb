package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

func newID(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "id",
		Short: "Print this terminal's identity, and its addresses while it serves",
		Long: `Prints the identity, when the certificate expires, the fingerprint of the root that it comes from, the
peer ID, and the key's hash (for allow add --pin on the other side). While serve runs, the addresses that
it is bound to follow, one a line, complete for --addr.

Before a certificate is installed there are the peer ID and the key's hash only.`,
		Args: cli.Between(0, 0),
		RunE: e.run(e.id),
	}
}

// terminalID is what id prints.
type terminalID struct {
	Identity  string     `json:"identity,omitempty"`
	Expires   *time.Time `json:"expires,omitempty"`
	Root      string     `json:"root,omitempty"`
	PeerID    string     `json:"peer_id"`
	Key       string     `json:"key"`
	Problem   string     `json:"problem,omitempty"` // why there is no valid certificate,
	Try       string     `json:"try,omitempty"`     // and what to do
	Addresses []string   `json:"addresses"`
}

func (e *environment) id(context.Context, []string) error {
	home, err := e.at()
	if err != nil {
		return err
	}
	about, err := e.describe(home)
	if err != nil {
		return err
	}
	addrs, err := node.Addresses(home)
	if err != nil {
		return err
	}
	id := idOf(about)
	for _, a := range addrs {
		id.Addresses = append(id.Addresses, a.String())
	}
	if e.json {
		return e.printJSON(id)
	}
	return e.table(id.rows(e.now()))
}

// describe reads what the home says of itself.
func (e *environment) describe(home node.Home) (node.About, error) {
	cfg, err := node.Load(home.Config)
	if err != nil {
		return node.About{}, err
	}
	return node.Describe(home, cfg, e.now())
}

func idOf(about node.About) terminalID {
	id := terminalID{
		Identity:  about.Identity.String(),
		PeerID:    about.PeerID.String(),
		Key:       fmt.Sprintf("%x", about.Key),
		Addresses: []string{},
	}
	if cert := about.Certificate; cert != nil {
		until := cert.NotAfter()
		id.Expires = &until
		id.Root = fmt.Sprintf("%x", cert.Root().Fingerprint())
	} else {
		failure := node.Explain(about.Problem)
		id.Problem, id.Try = failure.Text, failure.Try
	}
	return id
}

func (id *terminalID) rows(now time.Time) (rows [][]string) {
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, []string{name, value})
		}
	}
	add("identity", id.Identity)
	if id.Expires != nil {
		add("expires", when(*id.Expires, now))
	}
	add("root", id.Root)
	add("peer ID", id.PeerID)
	add("key", id.Key)
	add("problem", id.Problem)
	add("try", id.Try)
	for _, a := range id.Addresses {
		add("address", a)
	}
	return rows
}

// trustDomain is the one that short forms of identities are read in: that of this terminal's certificate,
// or none, for want of a certificate or because of the error.
func (e *environment) trustDomain(home node.Home) (certauth.TrustDomain, error) {
	about, err := node.Describe(home, node.DefaultConfig(), e.now()) // the configuration says nothing of it
	if err == nil && about.Identity.IsZero() && !errors.As(about.Problem, new(*node.NotReadyError)) {
		err = about.Problem
	}
	return about.Identity.TrustDomain(), err
}

// parseIdentities reads identities as they are typed here.
func (e *environment) parseIdentities(home node.Home, names ...string) ([]certauth.Identity, error) {
	td, unknown := e.trustDomain(home)
	ids, err := parseIdentities(td, names)
	if err != nil && unknown != nil { // a short form may be what is wrong
		return nil, unknown
	}
	return ids, err
}
