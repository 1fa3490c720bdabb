package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/authority"
	"github.com/certexch/certexch/internal/cli"
)

func newSign(e *environment) *cobra.Command {
	var name string
	var lifetime time.Duration
	cmd := &cobra.Command{
		Use:   "sign CSR|-",
		Short: "Certify the keys of a terminal",
		Long: `Certifies the two keys of a request (PKCS #10, in PEM), and prints a bundle for certexch install: the
certificate, the root and the current revocation list. Who the terminal is, --id says, whatever the request
wishes for. Keys that are another terminal's, or have been revoked, are refused.`,
		Example: "  certexch-authority --dir ca sign nas.csr --id acme.example/site-a/nas > nas.pem",
		Args:    cli.Between(1, 1),
		RunE: e.run(func(ctx context.Context, args []string) error {
			return e.sign(ctx, args[0], name, lifetime)
		}),
	}
	cmd.Flags().StringVar(&name, "id", "", "the `identity` that the terminal gets (required)")
	cmd.Flags().DurationVar(&lifetime, "lifetime", authority.DefaultLifetime, "how long the certificate is valid, at most as long as the root")
	return cmd
}

func (e *environment) sign(ctx context.Context, file, name string, lifetime time.Duration) error {
	if name == "" {
		return cli.Usagef("--id is missing: say which terminal it is, as in --id acme.example/site-a/nas")
	}
	if lifetime < time.Second {
		return cli.Usagef("--lifetime must be a second or longer")
	}
	a, err := e.open(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	id, err := parseIdentity(a, name)
	if err != nil {
		return err
	}
	req, err := e.readRequest(file)
	if err != nil {
		return err
	}
	signer, err := e.unlock(ctx, a)
	if err != nil {
		return err
	}
	issued, err := signer.Sign(ctx, req, id, lifetime)
	if err != nil {
		return err
	}
	return e.printIssued(issued, req.Identity)
}

// maxRequest bounds what is read of a request in PEM, in bytes.
const maxRequest = 16 << 10

// readRequest reads a file that holds one request and nothing else.
func (e *environment) readRequest(file string) (*certauth.Request, error) {
	in := e.stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("reading the request: %w", err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxRequest+1))
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	block, rest := pem.Decode(text)
	if len(text) > maxRequest || block == nil || block.Type != "CERTIFICATE REQUEST" ||
		!bytes.HasPrefix(bytes.TrimSpace(text), []byte("-----BEGIN ")) || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("%s is not one certificate request in PEM, as certexch request prints it", file)
	}
	req, err := certauth.ParseRequest(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the request in %s is refused: %w", file, err)
	}
	return req, nil
}

func (e *environment) printIssued(issued *authority.Issued, wish certauth.Identity) error {
	r := issued.Record
	if !wish.IsZero() && wish != r.Identity {
		e.say("note: the request wishes for %s, and is certified as %s", wish, r.Identity)
	}
	for _, other := range issued.Others {
		e.say("note: %s has a valid certificate for another key, serial number %s, until %s;", r.Identity, other.Serial, when(other.NotAfter))
		e.say("      if that key is out of use: %s", e.command("revoke "+other.Serial.String()))
	}
	if _, err := e.stdout.Write(issued.Bundle.PEM()); err != nil {
		return fmt.Errorf("certificate %s is issued, but could not be printed; sign the request again: %w", r.Serial, err)
	}
	e.say("certified %s, serial number %s, valid until %s", r.Identity, r.Serial, when(r.NotAfter))
	return nil
}
