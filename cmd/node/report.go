package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

// report tells the user of the error that cmd ended with, and returns the exit code.
func (e *environment) report(cmd *cobra.Command, err error) int {
	usage := !e.began || errors.As(err, new(*cli.UsageError))
	failure := node.Explain(err)
	if usage {
		failure = node.Failure{Reason: "usage", Code: node.CodeUsage, Text: err.Error(), Try: cmd.CommandPath() + " --help"}
	}
	if e.json {
		line, _ := json.Marshal(failure) // of strings and a number
		fmt.Fprintf(e.stderr, "%s\n", line)
		return failure.Code
	}
	fmt.Fprintf(e.stderr, "certexch: %s\n", cli.OneLine(failure.Text))
	switch {
	case usage:
		fmt.Fprintf(e.stderr, "\n%s", cmd.UsageString())
	case failure.Try != "":
		fmt.Fprintf(e.stderr, "  try: %s\n", cli.OneLine(failure.Try))
	}
	return failure.Code
}
