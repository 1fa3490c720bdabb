package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
)

func newPeers(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "peers",
		Short: "List the sessions of the terminal that runs here",
		Long: `Lists the sessions of the terminal that runs here: with whom, which side dialled, since when, and what each
side says of the other. Data flows where both say registered. Up to 1000 are listed; with --json, sessions_more
in a last object is how many more stand.`,
		Args: cli.Between(0, 0),
		RunE: e.run(e.peers),
	}
}

// moreSessions is what peers prints with --json at its end if more sessions stand than are listed.
type moreSessions struct {
	More int `json:"sessions_more"`
}

func (e *environment) peers(ctx context.Context, _ []string) error {
	s, err := e.runningStatus(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"IDENTITY", "DIALLED", "SINCE", "HERE", "THERE", "ADDRESS"}}
	dialled := map[string]string{"in": "there", "out": "here"}
	for _, p := range s.Sessions {
		if e.json {
			if err := e.printJSON(p); err != nil {
				return err
			}
		}
		rows = append(rows, []string{p.Identity, dialled[p.Direction], p.Since.Format("2006-01-02 15:04:05 UTC"), p.Ours, p.Theirs, p.Address})
	}
	switch {
	case s.More > 0 && e.json:
		return e.printJSON(moreSessions{s.More})
	case s.More > 0:
		e.note("%d more sessions stand than are listed", s.More)
	}
	switch {
	case e.json:
		return nil
	case len(rows) == 1:
		e.say("no session stands")
		return nil
	}
	return e.table(rows)
}
