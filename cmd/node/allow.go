package main

import (
	"github.com/spf13/cobra"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/cli"
)

func newAllow(e *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "allow",
		Short: "Register terminals, and see who is registered",
		Long: `Edits the allowlist: the identities that this terminal exchanges data with, if they have registered it
too. A running serve takes each change into account at once.`,
		Args: cli.Between(0, 0),
		RunE: cli.NeedsCommand,
	}
	cmd.AddCommand(newAllowAdd(e), newAllowRemove(e), newAllowList(e), newAllowPending(e))
	return cmd
}

func parseIdentities(td certauth.TrustDomain, names []string) ([]certauth.Identity, error) {
	ids := make([]certauth.Identity, len(names))
	for i, name := range names {
		id, err := parseIdentity(td, name)
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	return ids, nil
}
