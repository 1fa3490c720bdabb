package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/authority"
	"github.com/certexch/certexch/internal/cli"
)

func newList(e *environment) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List all certificates ever issued",
		Args:  cli.Between(0, 0),
		RunE:  e.run(func(ctx context.Context, _ []string) error { return e.list(ctx, asJSON) }),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one object a line")
	return cmd
}

func (e *environment) list(ctx context.Context, asJSON bool) error {
	a, err := e.open(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	records, err := a.Records(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return e.printJSON(records)
	}
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range records {
		fmt.Fprintf(w, "%s\t%s\t%s\tuntil %s\n", r.Serial, r.Identity, r.State(e.now()), when(r.NotAfter))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = e.stdout.Write(b.Bytes())
	return err
}

// recordJSON is a certificate as --json prints it. Hashes are SHA-256.
type recordJSON struct {
	Serial      string            `json:"serial"`
	Identity    certauth.Identity `json:"identity"`
	State       authority.State   `json:"state"`
	NotBefore   time.Time         `json:"not_before"`
	NotAfter    time.Time         `json:"not_after"`
	IssuedAt    time.Time         `json:"issued_at"`
	Key         string            `json:"key"`         // of the SubjectPublicKeyInfo: what pins and revokes it
	SealingKey  string            `json:"sealing_key"` // of the key as it is
	RevokedAt   *time.Time        `json:"revoked_at,omitempty"`
	Reason      string            `json:"reason,omitempty"`
	Certificate string            `json:"certificate"` // PEM
}

// printJSON prints one object a line.
func (e *environment) printJSON(records []authority.Record) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, r := range records {
		out := recordJSON{
			Serial: r.Serial.String(), Identity: r.Identity, State: r.State(e.now()),
			NotBefore: r.NotBefore, NotAfter: r.NotAfter, IssuedAt: r.IssuedAt,
			Key: hex.EncodeToString(r.KeyHash[:]), SealingKey: hex.EncodeToString(r.SealingHash[:]),
			Certificate: string(certauth.Bundle{Leaf: r.DER}.PEM()),
		}
		if r.Revocation != nil {
			out.RevokedAt, out.Reason = &r.Revocation.At, r.Revocation.Reason
		}
		if err := enc.Encode(out); err != nil {
			return err
		}
	}
	_, err := e.stdout.Write(b.Bytes())
	return err
}
