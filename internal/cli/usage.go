// Package cli is what the command lines of both programs have in common: how wrong usage is told,
// how what comes from outside is printed, and that no keys are left in a core.
package cli

import (
	"fmt"
	"math"

	"github.com/spf13/cobra"
)

// UsageError is a command line that cannot be meant. Nothing has been done for it.
type UsageError struct{ problem string }

func (e *UsageError) Error() string { return e.problem }

// Usagef makes a *UsageError.
func Usagef(format string, args ...any) error {
	return &UsageError{fmt.Sprintf(format, args...)}
}

// Many is no limit on the number of arguments.
const Many = math.MaxInt

// Between checks how many arguments there are besides flags.
func Between(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return Usagef("%s needs more arguments", cmd.Name())
		case len(args) > most && cmd.HasSubCommands():
			return Usagef("there is no command %q of %s", args[most], cmd.CommandPath())
		case len(args) > most:
			return Usagef("%s does not take %q", cmd.Name(), args[most])
		}
		return nil
	}
}

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

// Finish makes root, which has all its subcommands, refuse what it does not know, what cobra adds by
// itself included, and print its usage in one way. Errors are left to the caller.
func Finish(root *cobra.Command) {
	root.SilenceErrors, root.SilenceUsage, root.DisableSuggestions = true, true, true
	root.RunE, root.Args = NeedsCommand, Between(0, 0)
	root.SetUsageTemplate(usageTemplate)
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.InitDefaultVersionFlag()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "completion":
			cmd.Args, cmd.RunE = Between(0, 0), NeedsCommand
		case "help":
			cmd.Args = func(_ *cobra.Command, args []string) error {
				if found, rest, err := root.Find(args); err != nil || len(rest) > 0 {
					return Usagef("there is no command %q of %s", args[len(args)-1], found.CommandPath())
				}
				return nil
			}
		}
	}
}

// NeedsCommand is what a command does that only has commands below it.
func NeedsCommand(cmd *cobra.Command, _ []string) error {
	return Usagef("%s needs one of its commands", cmd.CommandPath())
}
