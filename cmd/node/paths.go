package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

func newPaths(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "paths",
		Short: "Print where configuration, state and allowlist are",
		Args:  cli.Between(0, 0),
		RunE:  e.run(e.paths),
	}
}

// paths is what a home consists of, as paths and init print it.
type paths struct {
	Config    string `json:"config"`
	State     string `json:"state"`
	Allowlist string `json:"allowlist"`
	Socket    string `json:"socket"`
}

func pathsOf(home node.Home) paths {
	return paths{Config: home.Config, State: home.State, Allowlist: home.Allowlist(), Socket: home.Socket}
}

func (e *environment) paths(context.Context, []string) error {
	home, err := e.at()
	if err != nil {
		return err
	}
	p := pathsOf(home)
	if e.json {
		return e.printJSON(p)
	}
	return e.table([][]string{{"config", p.Config}, {"state", p.State}, {"allowlist", p.Allowlist}, {"socket", p.Socket}})
}
