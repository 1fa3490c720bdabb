package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/authority"
	"github.com/certexch/certexch/internal/cli"
)

func newShow(e *environment) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID|SERIAL",
		Short: "Show the certificates of a terminal, or one certificate",
		Long: `Shows all that is on record of the certificates of an identity, or of the one with a serial number (32
hexadecimal digits). With --json, the certificate itself is there too, in PEM.`,
		Args: cli.Between(1, 1),
		RunE: e.run(func(ctx context.Context, args []string) error { return e.show(ctx, args[0], asJSON) }),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one object a line")
	return cmd
}

func (e *environment) show(ctx context.Context, what string, asJSON bool) error {
	a, err := e.open(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	records, err := find(ctx, a, what)
	if err != nil {
		return err
	}
	if asJSON {
		return e.printJSON(records)
	}
	var b bytes.Buffer
	for i, r := range records {
		if i > 0 {
			b.WriteByte('\n')
		}
		e.writeRecord(&b, r)
	}
	_, err = e.stdout.Write(b.Bytes())
	return err
}

// find returns the certificates that an argument names.
func find(ctx context.Context, a *authority.Authority, what string) ([]authority.Record, error) {
	if serial, ok := authority.ParseSerial(what); ok {
		r, err := a.Record(ctx, serial)
		return []authority.Record{r}, err
	}
	id, err := parseIdentity(a, what)
	if err != nil {
		return nil, err
	}
	return a.RecordsOf(ctx, id)
}

func (e *environment) writeRecord(b *bytes.Buffer, r authority.Record) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(b, "%-12s %s\n", name, cli.OneLine(fmt.Sprintf(format, args...)))
	}
	row("identity", "%s", r.Identity)
	row("serial", "%s", r.Serial)
	row("state", "%s", r.State(e.now()))
	row("valid", "%s to %s", when(r.NotBefore), when(r.NotAfter))
	row("issued", "%s", when(r.IssuedAt))
	row("key", "%x", r.KeyHash)
	row("sealing key", "%x", r.SealingHash)
	if r.Revocation != nil {
		row("revoked", "%s", when(r.Revocation.At))
		row("reason", "%s", r.Revocation.Reason)
	}
}
