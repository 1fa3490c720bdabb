package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

func newAllowRemove(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:               "remove IDENTITY...",
		Short:             "Take terminals off the list",
		Args:              cli.Between(1, cli.Many),
		ValidArgsFunction: e.completeIdentity(cli.Many),
		RunE:              e.run(e.allowRemove),
	}
}

func (e *environment) allowRemove(ctx context.Context, names []string) error {
	home, err := e.at()
	if err != nil {
		return err
	}
	if err := node.CheckFormat(home); err != nil {
		return err
	}
	ids, err := e.parseIdentities(home, names...)
	if err != nil {
		return err
	}
	removed, err := allowlist.NewStore(home.Allowlist()).Remove(ctx, ids...)
	if err != nil {
		return err
	}
	for _, id := range removed {
		if e.json {
			if err := e.printJSON(struct {
				Removed certauth.Identity `json:"removed"`
			}{id}); err != nil {
				return err
			}
		}
		e.say("removed %s", id)
	}
	return missing(ids, removed)
}

// missing is the error for the first of ids that was not on the list.
func missing(ids, removed []certauth.Identity) error {
	for _, id := range ids {
		if !slices.Contains(removed, id) {
			return fmt.Errorf("%s: %w", id, allowlist.ErrNotRegistered)
		}
	}
	return nil
}
