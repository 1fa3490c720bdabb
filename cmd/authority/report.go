package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/authority"
	"github.com/certexch/certexch/internal/cli"
)

// Exit codes. They are those of certexch.
const (
	codeOther     = 1
	codeUsage     = 2
	codeNotFound  = 3
	codeCancelled = 11
)

// report tells the user of the error that cmd ended with, and returns the exit code.
func (e *environment) report(cmd *cobra.Command, err error) int {
	e.say("certexch-authority: %s", cli.OneLine(err.Error()))
	if !e.began || errors.As(err, new(*cli.UsageError)) {
		e.say("\n%s", strings.TrimRight(cmd.UsageString(), "\n"))
		return codeUsage
	}
	if advice := e.advice(err); advice != "" {
		e.say("  try: %s", cli.OneLine(advice))
	}
	switch {
	case errors.Is(err, authority.ErrNotFound):
		return codeNotFound
	case errors.Is(err, context.Canceled):
		return codeCancelled
	}
	return codeOther
}

// advice is the next thing to try, or nothing.
func (e *environment) advice(err error) string {
	for _, a := range []struct {
		about  error
		advice string
	}{
		{authority.ErrNoAuthority, "another --dir, or make one here: " + e.command("init --trust-domain DOMAIN")},
		{authority.ErrExists, "another --dir; nothing has been changed here"},
		{authority.ErrUnfinished, "remove root.key and authority.db from that folder, if there are any, and run init again"},
		{authority.ErrPassphrase, "again; without the passphrase the root key is lost"},
		{authority.ErrNotFound, e.command("list")},
		{authority.ErrForeign, "an identity of the trust domain, as in --id site-a/nas, or the --dir of the other authority"},
		{authority.ErrKeyTaken, "new keys at the terminal (certexch init with another --home), or the --id that has these keys"},
		{authority.ErrKeyRevoked, "new keys at the terminal: certexch init with another --home, then certexch request"},
		{authority.ErrRootExpired, "a new authority, in another --dir"},
		{authority.ErrRevokedAhead, "set the clock; if it is right, and was ahead before: another --id, for this one is revoked until then"},
		{authority.ErrClock, "set the clock; if it is right, and was ahead before: " + e.command("crl --clock-was-ahead > crl.pem")},
		{errNoTerminal, "--password-file FILE"},
	} {
		if errors.Is(err, a.about) {
			return a.advice
		}
	}
	return ""
}
