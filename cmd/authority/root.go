package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/release"
)

const about = `certexch-authority certifies the terminals of a trust domain, and revokes them. The authority is a folder
with the root key, encrypted with a passphrase, and the records of all that it has issued; a copy of the
folder is a backup. The machine may stay offline: requests come in and bundles go out as files.

A new authority:    certexch-authority --dir ca init --trust-domain acme.example
A new terminal:     certexch-authority --dir ca sign nas.csr --id acme.example/nas > nas.pem
A lost terminal:    certexch-authority --dir ca revoke acme.example/nas
                    certexch-authority --dir ca crl > crl.pem, for certexch install at every terminal

Identities are whole (acme.example/site-a/nas), or short inside the trust domain (site-a/nas). What is asked
for goes to standard output, everything else to standard error.

The passphrase is asked for at the terminal, or read from --password-file.

Exit codes: 0 ok, 1 other, 2 wrong usage, 3 not found, 11 cancelled.`

// newRoot returns the command with all subcommands. A word that is none of them
// is wrong usage.
func newRoot(e *environment) *cobra.Command {
	root := &cobra.Command{
		Use:     "certexch-authority",
		Short:   "Certify terminals, and revoke them",
		Long:    about,
		Version: release.Version,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&e.dir, "dir", "", "`folder` of the authority")
	flags.StringVar(&e.passwordFile, "password-file", "", "`file` with the passphrase of the root key (default: ask at the terminal)")
	root.AddCommand(
		newInit(e), newFingerprint(e), newSign(e), newList(e), newShow(e), newRevoke(e), newCRL(e), newVersion(e),
	)
	cli.Finish(root)
	return root
}

// run makes what cobra calls of a subcommand's function.
func (e *environment) run(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		e.began = true
		return f(cmd.Context(), args)
	}
}

// execute runs the command line and returns the exit code.
func (e *environment) execute(ctx context.Context, args []string) int {
	root := newRoot(e)
	root.SetArgs(args)
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil {
		return e.report(cmd, err)
	}
	return 0
}
