package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/control"
	"github.com/certexch/certexch/node"
)

func newAllowPending(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "pending",
		Short: "Print who has knocked and is not registered",
		Long: `Prints the terminals that have tried to meet this one while it served, with a valid certificate of an
authority that it trusts, and are not registered here: the last 64 of them, the latest first.

To register one: certexch allow add IDENTITY. An identity is as good as the authority that certified it;
that it has knocked says nothing in its favour.`,
		Args: cli.Between(0, 0),
		RunE: e.run(e.allowPending),
	}
}

func (e *environment) allowPending(ctx context.Context, _ []string) error {
	knocks, err := e.pending(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"IDENTITY", "LAST", "TIMES", "FROM"}}
	for _, k := range knocks {
		if e.json {
			if err := e.printJSON(k); err != nil {
				return err
			}
		}
		rows = append(rows, []string{k.Identity, k.Last.Format("2006-01-02 15:04:05 UTC"), fmt.Sprint(k.Times), k.Address})
	}
	switch {
	case e.json:
		return nil
	case len(rows) == 1:
		e.say("nobody has knocked who is not registered")
		return nil
	}
	return e.table(rows)
}

// pending asks the terminal that runs here, or else what the last one has left.
func (e *environment) pending(ctx context.Context) ([]node.Knock, error) {
	home, err := e.at()
	if err != nil {
		return nil, err
	}
	knocks, err := control.Client{Path: home.Socket, Timeout: e.timeout}.Pending(ctx)
	if errors.Is(err, control.ErrNotRunning) {
		return node.Pending(home, e.now())
	}
	return knocks, err
}
