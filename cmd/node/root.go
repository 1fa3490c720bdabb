package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

const about = `certexch hands data from one terminal to another: directly, and only when both hold a certificate
of an authority that the other trusts and each has registered the other's identity.

A terminal is called by its identity: whole (acme.example/site-a/nas), or by its short form (site-a/nas)
inside one's own trust domain. Remote paths are written IDENTITY:SHARE/PATH.

A new terminal:   certexch init, request, install, allow add, serve
A file from one:  certexch get site-a/nas:reports/q3.csv

What is asked for goes to standard output, the rest to standard error. With --json, output is one object a
line, and a failure one object on standard error: {"reason":WORD,"code":EXIT CODE,"text":…,"try":…}.

Exit codes: 0 ok, 1 other, 2 wrong usage, 3 not found, 4 they have not registered you, 5 you have not
registered them, 6 certificate invalid or expired, 7 revoked, 8 unreachable, 9 no direct path,
10 integrity, 11 cancelled, 12 changed while reading, 13 no permission, 14 disk full, 15 refused without
a reason (their log says why), 16 another terminal answered than the one asked for.`

// newRoot returns the command with all subcommands.
func newRoot(e *environment) *cobra.Command {
	root := &cobra.Command{
		Use:     "certexch",
		Short:   "Hand data to certified, registered terminals, directly",
		Long:    about,
		Version: node.Version,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&e.home, "home", "", "`folder` of configuration and state (default: see certexch paths)")
	flags.BoolVar(&e.json, "json", false, "print JSON, and failures in JSON")
	flags.BoolVarP(&e.quiet, "quiet", "q", false, "print only what was asked for, and failures")
	flags.BoolVarP(&e.verbose, "verbose", "v", false, "log what happens, to standard error (serve: all of it, to standard output)")
	flags.DurationVar(&e.timeout, "timeout", 15*time.Second, "how long a session may take to stand, and a transfer make no progress")
	root.AddCommand(
		newInit(e), newRequest(e), newInstall(e), newID(e), newPaths(e), newAllow(e), newCheck(e),
		newServe(e), newStatus(e), newPeers(e), newReload(e), newLs(e), newStat(e), newCat(e), newGet(e),
		newWhy(e), newVersion(e), newDemo(e),
	)
	cli.Finish(root)
	return root
}

// run makes what cobra calls of a subcommand's function.
func (e *environment) run(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		e.began = true
		switch home := cmd.Flags().Lookup("home"); {
		case home.Changed && e.home == "":
			return cli.Usagef("--home is empty: name a folder, or leave it out for the one that `certexch paths` tells")
		case e.timeout <= 0:
			return cli.Usagef("--timeout must be longer than nothing")
		case e.quiet && e.verbose:
			return cli.Usagef("--quiet and --verbose exclude each other")
		}
		return f(cmd.Context(), args)
	}
}

// execute runs the command line and returns the exit code.
func (e *environment) execute(ctx context.Context, args []string) int {
	root := newRoot(e)
	root.SetArgs(args)
	root.SetIn(e.stdin)
	root.SetOut(e.content)
	root.SetErr(e.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil {
		return e.report(cmd, err)
	}
	return 0
}
