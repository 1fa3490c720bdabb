package main

import (
	"context"

	"github.com/spf13/cobra"
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

// usageTemplate is cobra's, with less around it.
const usageTemplate = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} COMMAND{{else}}{{.UseLine}}{{end}}
{{- if .HasExample}}

Examples:
{{.Example}}
{{- end}}
{{- if .HasAvailableSubCommands}}

Commands:
{{- range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}
{{- end}}
{{- if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{- end}}
{{- if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}
{{- end}}
`

// newRoot returns the command with all subcommands. A word that is none of them
// is wrong usage.
func newRoot(e *environment) *cobra.Command {
	root := &cobra.Command{
		Use:                "certexch-authority",
		Short:              "Certify terminals, and revoke them",
		Long:               about,
		RunE:               needsCommand,
		Args:               between(0, 0),
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&e.dir, "dir", "", "`folder` of the authority")
	flags.StringVar(&e.passwordFile, "password-file", "", "`file` with the passphrase of the root key (default: ask at the terminal)")
	root.SetUsageTemplate(usageTemplate)
	root.AddCommand(
		newInit(e), newFingerprint(e), newSign(e), newList(e), newShow(e), newRevoke(e), newCRL(e), newVersion(e),
	)
	refineBuiltins(root)
	return root
}

// refineBuiltins makes what cobra adds by itself refuse what it does not know.
func refineBuiltins(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "completion":
			cmd.Args, cmd.RunE = between(0, 0), needsCommand
		case "help":
			cmd.Args = func(_ *cobra.Command, args []string) error {
				if found, rest, err := root.Find(args); err != nil || len(rest) > 0 {
					return usagef("there is no command %q of %s", args[len(args)-1], found.CommandPath())
				}
				return nil
			}
		}
	}
}

func needsCommand(*cobra.Command, []string) error { return usagef("name a command") }

// run makes what cobra calls of a subcommand's function.
func (e *environment) run(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		e.began = true
		return f(cmd.Context(), args)
	}
}

// between checks how many arguments there are besides flags.
func between(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usagef("%s needs more arguments", cmd.Name())
		case len(args) > most && cmd.HasSubCommands():
			return usagef("%q is no command of %s", args[most], cmd.CommandPath())
		case len(args) > most:
			return usagef("%s does not take %q", cmd.Name(), args[most])
		}
		return nil
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
