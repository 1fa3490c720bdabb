package main

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/authority"
	"github.com/certexch/certexch/internal/cli"
)

func newRevoke(e *environment) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "revoke ID|SERIAL",
		Short: "Revoke a terminal, or one certificate",
		Long: `Revokes for good. An identity: all its certificates up to now and all its keys, so that it needs new ones
to be certified again. A serial number (32 hexadecimal digits): that one certificate, and nothing else.

Look at the clock first. By one that is ahead an identity is revoked until that time, for good too: the
terminal then needs another name.

A new revocation list is signed at once, and has to reach the terminals: print it with crl, and install it
at each.`,
		Example: `  certexch-authority --dir ca revoke acme.example/site-a/nas --reason "stolen on the train"`,
		Args:    cli.Between(1, 1),
		RunE: e.run(func(ctx context.Context, args []string) error {
			return e.revoke(ctx, args[0], reason)
		}),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`text` for the records of the authority; it is not published")
	return cmd
}

// maxReason is the longest reason, in bytes.
const maxReason = 1000

func (e *environment) revoke(ctx context.Context, what, reason string) error {
	if len(reason) > maxReason || !utf8.ValidString(reason) || strings.ContainsRune(reason, 0) {
		return cli.Usagef("--reason must be text of at most %d bytes", maxReason)
	}
	a, err := e.open(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	records, err := find(ctx, a, what)
	if err != nil {
		return err
	}
	signer, err := e.unlock(ctx, a)
	if err != nil {
		return err
	}
	var revoked *authority.Revocations
	if serial, ok := authority.ParseSerial(what); ok {
		revoked, err = signer.RevokeSerial(ctx, serial, reason)
	} else {
		revoked, err = signer.RevokeIdentity(ctx, records[0].Identity, reason)
	}
	if err != nil {
		return err
	}
	e.sayRevoked(what, revoked)
	return nil
}

func (e *environment) sayRevoked(what string, revoked *authority.Revocations) {
	if revoked.List == nil {
		e.say("%s has been revoked before; nothing has changed", what)
		return
	}
	e.say("revoked %s: %s, %s", what, cli.Counted(len(revoked.Records), "certificate"), cli.Counted(revoked.Keys, "key"))
	for _, r := range revoked.Records {
		e.say("  serial number %s, until %s", r.Serial, when(r.NotAfter))
	}
	for _, r := range revoked.Others {
		e.say("note: %s still has a valid certificate, serial number %s, until %s", r.Identity, r.Serial, when(r.NotAfter))
	}
	e.say("Revocation list %d is signed. It has to reach the terminals:\n  %s\nAnd at each terminal:\n  certexch install crl.pem",
		revoked.List.Number(), e.command("crl > crl.pem"))
}
