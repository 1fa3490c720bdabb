package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/control"
)

func newStatus(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Tell how the terminal that runs here is",
		Long: `Asks the terminal that runs here (certexch serve): who it is, where it listens, what it serves, how many
sessions stand, what expires when, and what somebody should see to. The exit code is 1 if nothing runs.`,
		Args: cli.Between(0, 0),
		RunE: e.run(e.status),
	}
}

// running asks the terminal that runs here.
func (e *environment) running() (control.Client, error) {
	home, err := e.at()
	return control.Client{Path: home.Socket, Timeout: e.timeout}, err
}

// runningStatus asks the terminal that runs here how it is.
func (e *environment) runningStatus(ctx context.Context) (control.Status, error) {
	running, err := e.running()
	if err != nil {
		return control.Status{}, err
	}
	return running.Status(ctx)
}

func (e *environment) status(ctx context.Context, _ []string) error {
	s, err := e.runningStatus(ctx)
	if err != nil {
		return err
	}
	if e.json {
		return e.printJSON(s)
	}
	rows := [][]string{
		{"identity", s.Identity},
		{"peer ID", s.PeerID},
		{"version", s.Version},
		{"runs since", s.Since.Format("2006-01-02 15:04 UTC")},
		{"certificate until", when(s.Expires, e.now())},
	}
	for _, l := range s.Lists {
		rows = append(rows, []string{"revocation list", l.TrustDomain + ", until " + when(l.Expires, e.now())})
	}
	rows = append(rows, []string{"shares", orNone(s.Shares)}, []string{"sessions", orNone(identities(s))})
	for _, a := range s.Addresses {
		rows = append(rows, []string{"address", a})
	}
	for _, p := range s.Problems {
		rows = append(rows, []string{"problem", p})
	}
	return e.table(rows)
}

func identities(s control.Status) (ids []string) {
	for _, session := range s.Sessions {
		ids = append(ids, session.Identity)
	}
	if s.More > 0 {
		ids = append(ids, fmt.Sprintf("and %d more", s.More))
	}
	return ids
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
