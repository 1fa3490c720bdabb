package main

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/internal/cli"
)

func newAllowList(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Print who is registered",
		Args:  cli.Between(0, 0),
		RunE:  e.run(e.allowList),
	}
}

// registration is an entry of the allowlist as it is printed with --json.
type registration struct {
	Identity string     `json:"identity"`
	Addrs    []string   `json:"addrs,omitempty"`
	Expires  *time.Time `json:"expires,omitempty"`
	Expired  bool       `json:"expired,omitempty"`
	Pin      string     `json:"pin,omitempty"`
	Note     string     `json:"note,omitempty"`
}

func registrationOf(entry allowlist.Entry, now time.Time) registration {
	r := registration{Identity: entry.Identity.String(), Note: entry.Note}
	for _, a := range entry.Addrs {
		r.Addrs = append(r.Addrs, a.String())
	}
	if !entry.Expires.IsZero() {
		r.Expires, r.Expired = &entry.Expires, !now.Before(entry.Expires)
	}
	if entry.Pin != nil {
		r.Pin = hex.EncodeToString(entry.Pin[:])
	}
	return r
}

func (e *environment) allowList(context.Context, []string) error {
	home, err := e.at()
	if err != nil {
		return err
	}
	list, err := allowlist.NewStore(home.Allowlist()).Load()
	if err != nil {
		return err
	}
	rows := [][]string{{"IDENTITY", "EXPIRES", "ADDRESS", "PIN", "NOTE"}}
	for _, entry := range list.Entries() {
		r := registrationOf(entry, e.now())
		if e.json {
			if err := e.printJSON(r); err != nil {
				return err
			}
		}
		rows = append(rows, r.rows()...)
	}
	switch {
	case e.json:
		return nil
	case len(rows) == 1:
		e.say("nobody is registered: certexch allow add IDENTITY")
		return nil
	}
	return e.table(rows)
}

// rows are one line for the entry, and one more for each further address.
func (r *registration) rows() [][]string {
	first := []string{r.Identity, "never", "-", "-", r.Note}
	if r.Expires != nil {
		first[1] = r.Expires.UTC().Format("2006-01-02 15:04")
	}
	if r.Expired {
		first[1] += " (over)"
	}
	if r.Pin != "" {
		first[3] = r.Pin[:12] + "…"
	}
	rows := [][]string{first}
	for i, a := range r.Addrs {
		if i == 0 {
			first[2] = a
			continue
		}
		rows = append(rows, []string{"", "", a, "", ""})
	}
	return rows
}
