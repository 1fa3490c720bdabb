package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

// advised is an error of one command that comes with the next thing to try, for where node.Explain knows
// none.
type advised struct {
	error
	try string
}

func (e *advised) Unwrap() error { return e.error }

// report tells the user of the error that cmd ended with, and returns the exit code.
func (e *environment) report(cmd *cobra.Command, err error) int {
	usage := !e.began || errors.As(err, new(*cli.UsageError))
	failure := node.Explain(err)
	if a := (*advised)(nil); failure.Try == "" && errors.As(err, &a) {
		failure.Try = a.try
	}
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
