package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

func newCheck(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check everything that serve needs, and tell what expires when",
		Long: `Makes all the checks that serve makes before it listens: configuration, keys and their permissions,
certificate, trusted authorities and their revocation lists, allowlist, shares. It changes nothing and
connects to nobody. The exit code is that of the first thing without which serve would not work. What needs
attention is printed as a problem, and changes no exit code: what expires soon, an authority without a list.`,
		Args: cli.Between(0, 0),
		RunE: e.run(e.check),
	}
}

// checked is what check prints of a terminal that is in order.
type checked struct {
	Identity    string             `json:"identity"`
	Expires     time.Time          `json:"expires"`
	Authorities []checkedAuthority `json:"authorities"`
	Registered  int                `json:"registered"`
	Expired     int                `json:"registrations_expired"`
	Listen      []string           `json:"listen"`
	Shares      []checkedShare     `json:"shares"`
	Problems    []string           `json:"problems"`
}

type checkedAuthority struct {
	TrustDomain string    `json:"trust_domain"`
	Root        string    `json:"root"`
	Expires     time.Time `json:"expires"`
	checkedList
}

// checkedList is left out for an authority without a revocation list.
type checkedList struct {
	List      uint64     `json:"list_number,omitempty"`
	ListUntil *time.Time `json:"list_until,omitempty"`
}

func (l checkedList) text(now time.Time) string {
	if l.ListUntil == nil {
		return "none: all certificates of this authority are refused"
	}
	return fmt.Sprintf("number %d, valid until %s", l.List, when(*l.ListUntil, now))
}

type checkedShare struct {
	Name string   `json:"name"`
	Path string   `json:"path"`
	Read []string `json:"read"`
}

func (e *environment) check(context.Context, []string) error {
	home, err := e.at()
	if err != nil {
		return err
	}
	cfg, err := node.Load(home.Config)
	if err != nil {
		return err
	}
	terminal, err := node.New(home, cfg, node.System(e.logToStderr()))
	if err != nil {
		return err
	}
	if err := terminal.CheckShares(); err != nil {
		return err
	}
	about, err := node.Describe(home, cfg, e.now())
	if err != nil {
		return err
	}
	if about.Problem != nil { // the certificate expired a moment ago
		return about.Problem
	}
	list, err := allowlist.NewStore(home.Allowlist()).Load()
	if err != nil {
		return err
	}
	c := checkedOf(cfg, about)
	c.Problems = about.Problems(e.now())
	c.count(list, e.now())
	if e.json {
		return e.printJSON(c)
	}
	return e.table(c.rows(e.now()))
}

func checkedOf(cfg node.Config, about node.About) checked {
	c := checked{Identity: about.Identity.String(), Expires: about.Certificate.NotAfter(), Listen: cfg.Listen, Shares: []checkedShare{}}
	for _, a := range about.Authorities {
		authority := checkedAuthority{TrustDomain: a.Root.TrustDomain().String(), Root: fmt.Sprintf("%x", a.Root.Fingerprint()), Expires: a.Root.NotAfter()}
		if a.List != nil {
			until := a.List.NextUpdate()
			authority.checkedList = checkedList{a.List.Number(), &until}
		}
		c.Authorities = append(c.Authorities, authority)
	}
	for _, s := range cfg.Shares {
		c.Shares = append(c.Shares, checkedShare{Name: s.Name, Path: s.Path, Read: s.Read})
	}
	return c
}

func (c *checked) count(list *allowlist.List, now time.Time) {
	for _, entry := range list.Entries() {
		c.Registered++
		if !entry.Expires.IsZero() && !now.Before(entry.Expires) {
			c.Expired++
		}
	}
}

func (c *checked) rows(now time.Time) [][]string {
	rows := [][]string{{"certificate", fmt.Sprintf("%s, valid until %s", c.Identity, when(c.Expires, now))}}
	for _, a := range c.Authorities {
		rows = append(rows,
			[]string{"authority", fmt.Sprintf("%s, valid until %s", a.TrustDomain, when(a.Expires, now))},
			[]string{"revocation list", a.checkedList.text(now)})
	}
	rows = append(rows,
		[]string{"registered", fmt.Sprintf("%s, %d of them no longer", cli.Counted(c.Registered, "terminal"), c.Expired)},
		[]string{"listens at", strings.Join(c.Listen, " ")})
	for _, s := range c.Shares {
		readers := strings.Join(s.Read, " ")
		if readers == "" {
			readers = "nobody"
		}
		rows = append(rows, []string{"share " + s.Name, fmt.Sprintf("%s, for %s", s.Path, readers)})
	}
	for _, p := range c.Problems {
		rows = append(rows, []string{"problem", p})
	}
	if len(c.Problems) == 0 {
		rows = append(rows, []string{"all is in order"})
	}
	return rows
}
