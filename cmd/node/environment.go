package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/certexch/certexch/node"
)

// environment is what a subcommand takes from the process and from the global flags.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer // escape what is not printable
	content        io.Writer // standard output as it is, for the content of files
	now            func() time.Time
	asks           bool      // whether somebody at a terminal can be asked
	terminal       io.Writer // standard error as it is, for the progress bar
	watched        bool      // whether somebody at a terminal sees it

	home    string
	json    bool
	quiet   bool
	verbose bool
	timeout time.Duration

	began bool // whether a subcommand has begun: until then every error is wrong usage
}

// at returns the home that the command acts on.
func (e *environment) at() (node.Home, error) {
	if e.home != "" {
		return node.HomeAt(e.home)
	}
	return node.DefaultHome()
}

// ready returns the terminal of the home, checked, for a command that runs once.
func (e *environment) ready() (*node.Terminal, error) {
	home, err := e.at()
	if err != nil {
		return nil, err
	}
	cfg, err := node.Load(home.Config)
	if err != nil {
		return nil, err
	}
	env := node.System(e.logToStderr())
	env.Idle = e.timeout
	return node.New(home, cfg, env)
}

// say tells a person something that a script does not need.
func (e *environment) say(format string, args ...any) {
	if !e.quiet && !e.json {
		fmt.Fprintf(e.stdout, format+"\n", args...)
	}
}

// printJSON writes v as one line.
func (e *environment) printJSON(v any) error { return printJSONTo(e.stdout, v) }

func printJSONTo(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
