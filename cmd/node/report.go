package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/node"
)

// usageError is a command line that cannot be meant. Nothing has been done for it.
type usageError struct{ problem string }

func (e *usageError) Error() string { return e.problem }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// report tells the user of the error that cmd ended with, and returns the exit code.
func (e *environment) report(cmd *cobra.Command, err error) int {
	usage := !e.began || errors.As(err, new(*usageError))
	failure := node.Explain(err)
	if usage {
		failure = node.Failure{Reason: "usage", Code: node.CodeUsage, Text: err.Error(), Try: cmd.CommandPath() + " --help"}
	}
	if e.json {
		line, _ := json.Marshal(failure) // of strings and a number
		fmt.Fprintf(e.stderr, "%s\n", line)
		return failure.Code
	}
	fmt.Fprintf(e.stderr, "certexch: %s\n", oneLine(failure.Text))
	switch {
	case usage:
		fmt.Fprintf(e.stderr, "\n%s", cmd.UsageString())
	case failure.Try != "":
		fmt.Fprintf(e.stderr, "  try: %s\n", oneLine(failure.Try))
	}
	return failure.Code
}

// oneLine joins the lines that several errors make.
func oneLine(text string) string {
	return printable(strings.ReplaceAll(strings.TrimSpace(text), "\n", "; "))
}
