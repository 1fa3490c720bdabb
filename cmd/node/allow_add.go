package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

// entryFlags are the flags of allow add, each empty if it was not given.
type entryFlags struct {
	addrs   []string
	note    string
	expires string
	pin     string
}

func newAllowAdd(e *environment) *cobra.Command {
	var flags entryFlags
	cmd := &cobra.Command{
		Use:   "add IDENTITY...",
		Short: "Register terminals",
		Long: `Registers terminals by their identity, and prints the line for the other side to type. Of a terminal that
is registered already, only what a flag says is changed; to take an address, a date or a pin back, remove
the terminal and add it again.

--pin holds the terminal to one key, for links of high value: after a change of its key it counts as not
registered, until it is added with the new one. The hash is what certexch id there prints as its key.`,
		Example: `  certexch allow add site-a/nas --note "Bob's"
  certexch allow add acme.example/site-a/nas --addr /ip4/192.0.2.7/tcp/24242/p2p/12D3KooW… --expires 2027-01-01`,
		Args: cli.Between(1, cli.Many),
		RunE: e.run(func(ctx context.Context, args []string) error {
			return e.allowAdd(ctx, args, flags)
		}),
	}
	cmd.Flags().StringArrayVar(&flags.addrs, "addr", nil, "where to look for it: a `multiaddr` with /p2p/; may be repeated")
	cmd.Flags().StringVar(&flags.note, "note", "", "a `comment`, for people")
	cmd.Flags().StringVar(&flags.expires, "expires", "", "register until this `time`: a date (its first minute, UTC) or as in RFC 3339")
	cmd.Flags().StringVar(&flags.pin, "pin", "", "the only key that counts: its `SHA256`, as certexch id there prints it")
	return cmd
}

func (e *environment) allowAdd(ctx context.Context, names []string, flags entryFlags) error {
	if len(names) > 1 && (len(flags.addrs) > 0 || flags.pin != "") {
		return cli.Usagef("--addr and --pin belong to one terminal: add one at a time")
	}
	home, err := e.at()
	if err != nil {
		return err
	}
	own, err := node.Describe(home, node.DefaultConfig(), e.now()) // the configuration says nothing of it
	if err != nil {
		return err
	}
	ids, err := e.parseIdentities(home, names...)
	if err != nil {
		return err
	}
	entries, err := e.registrations(home, ids, flags)
	if err != nil {
		return err
	}
	if err := allowlist.NewStore(home.Allowlist()).Add(ctx, entries...); err != nil {
		return err
	}
	return e.printRegistered(entries, own.Identity)
}

// registrations are the entries of ids as they are to be: what they say already, and the flags on top.
func (e *environment) registrations(home node.Home, ids []certauth.Identity, flags entryFlags) ([]allowlist.Entry, error) {
	list, err := allowlist.NewStore(home.Allowlist()).Load()
	if err != nil {
		return nil, err
	}
	entries := make([]allowlist.Entry, len(ids))
	for i, id := range ids {
		entries[i], _ = list.Lookup(id)
		entries[i].Identity = id
		if err := flags.apply(&entries[i], e.now()); err != nil {
			return nil, err
		}
		if end := entries[i].Expires; !end.IsZero() && !e.now().Before(end) {
			return nil, &advised{
				fmt.Errorf("the registration of %s ended at %s", id, end.UTC().Format(time.RFC3339)),
				"--expires with a later time, or remove it and add it again",
			}
		}
	}
	return entries, nil
}

func (f *entryFlags) apply(entry *allowlist.Entry, now time.Time) (err error) {
	if f.note != "" {
		entry.Note = f.note
	}
	if len(f.addrs) > 0 {
		if entry.Addrs, err = parseAddrs(f.addrs); err != nil {
			return err
		}
	}
	if f.expires != "" {
		if entry.Expires, err = parseExpiry(f.expires, now); err != nil {
			return err
		}
	}
	if f.pin != "" {
		pin, err := parseHash("--pin", f.pin)
		if err != nil {
			return err
		}
		entry.Pin = &pin
	}
	return nil
}

func parseExpiry(s string, now time.Time) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t, err = time.Parse(time.RFC3339, s)
	}
	switch {
	case err != nil:
		return t, cli.Usagef("--expires %q is neither a date, like 2027-01-01, nor a time, like 2027-01-01T12:00:00Z", s)
	case !t.After(now):
		return t, cli.Usagef("--expires %s is over", s)
	}
	return t, nil
}

func (e *environment) printRegistered(entries []allowlist.Entry, own certauth.Identity) error {
	for _, entry := range entries {
		if e.json {
			if err := e.printJSON(registrationOf(entry, e.now())); err != nil {
				return err
			}
		}
		e.say("registered %s", entry.Identity)
	}
	if own.IsZero() {
		e.say("The other side registers this terminal once it has a certificate: certexch id prints its identity.")
		return nil
	}
	e.say("On the other side, if it is not done yet:")
	e.say("  %s", registerLine(own))
	return nil
}
