package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

func newInstall(e *environment) *cobra.Command {
	var root string
	cmd := &cobra.Command{
		Use:   "install FILE|-",
		Short: "Verify what the authority returned, and put it in force",
		Long: `Verifies a bundle of the authority (certificate, root and revocation list, in PEM) or a revocation list
alone, and puts it in force. What does not verify is not stored.

The first root of a trust domain is trusted only if its fingerprint is confirmed: give it with --root, as
the authority tells it (certexch-authority fingerprint), or compare it when asked at a terminal.`,
		Example: "  certexch install nas.pem --root 0f3a…",
		Args:    cli.Between(1, 1),
		RunE: e.run(func(_ context.Context, args []string) error {
			return e.install(args[0], root)
		}),
	}
	cmd.Flags().StringVar(&root, "root", "", "`fingerprint` of the root: SHA-256, in hexadecimal")
	return cmd
}

// maxBundle bounds what install reads: the largest revocation list, in PEM, and two certificates.
const maxBundle = 24 << 20

func (e *environment) install(file, root string) error {
	confirm, err := e.confirmation(root)
	if err != nil {
		return err
	}
	home, err := e.at()
	if err != nil {
		return err
	}
	bundle, err := e.read(file)
	if err != nil {
		return err
	}
	if err := hasAuthority(bundle); err != nil {
		return err
	}
	done, err := node.Install(home, bundle, e.now(), confirm)
	if err != nil {
		return err
	}
	return e.printInstalled(done)
}

func (e *environment) read(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(io.LimitReader(e.stdin, maxBundle))
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, &advised{err, adviceBundle}
	}
	defer f.Close()
	bundle, err := io.ReadAll(io.LimitReader(f, maxBundle))
	if err != nil {
		return nil, &advised{err, adviceBundle}
	}
	return bundle, nil
}

const adviceBundle = "name the file that the authority returned, or - for standard input"

// hasAuthority refuses a certificate alone, which says nothing of who answers for it. What is no bundle at
// all is left to node.Install.
func hasAuthority(bundle []byte) error {
	b, err := certauth.ParseBundle(bundle)
	if err == nil && b.Root == nil && b.CRL == nil {
		return &advised{errors.New("the file holds a certificate alone"), "ask the authority for the whole bundle: certificate, root and revocation list"}
	}
	return nil
}

// confirmation returns what answers for the first root: the fingerprint given, or somebody at the
// terminal.
func (e *environment) confirmation(root string) (func(*certauth.Root) error, error) {
	if root != "" {
		want, err := parseHash("--root", root)
		return func(r *certauth.Root) error { return sameRoot(r, want) }, err
	}
	if e.asks {
		return e.ask, nil
	}
	return nil, nil
}

func parseHash(flag, s string) (hash [sha256.Size]byte, err error) {
	decoded, err := hex.DecodeString(strings.ReplaceAll(s, ":", ""))
	if err != nil || len(decoded) != len(hash) {
		return hash, cli.Usagef("%s takes a SHA-256: 64 hexadecimal digits", flag)
	}
	return [sha256.Size]byte(decoded), nil
}

func sameRoot(r *certauth.Root, want [sha256.Size]byte) error {
	if got := r.Fingerprint(); got != want {
		return fmt.Errorf("%w: the bundle's root has the fingerprint %x, not the one given", node.ErrRootNotConfirmed, got)
	}
	return nil
}

// ask shows the fingerprint and takes "yes" for a confirmation.
func (e *environment) ask(r *certauth.Root) error {
	fmt.Fprintf(e.stderr, "The authority of %s is not trusted yet. The fingerprint of its root is\n  %x\n", r.TrustDomain(), r.Fingerprint())
	fmt.Fprintf(e.stderr, "Compare it with what the authority tells you. Trust it? Type yes: ")
	answer, err := bufio.NewReader(e.stdin).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	if strings.TrimSpace(answer) != "yes" {
		return node.ErrRootNotConfirmed
	}
	return nil
}

// installed is what install prints with --json. What was in force already is left out.
type installed struct {
	Identity   string     `json:"identity,omitempty"`
	Former     string     `json:"former_identity,omitempty"`
	NotAfter   *time.Time `json:"not_after,omitempty"`
	Root       string     `json:"root,omitempty"`
	ListNumber uint64     `json:"list_number,omitempty"`
	ListUntil  *time.Time `json:"list_until,omitempty"`
}

func (e *environment) printInstalled(done node.Installed) error {
	var out installed
	var rows [][]string
	if root := done.Root; root != nil {
		out.Root = fmt.Sprintf("%x", root.Fingerprint())
		rows = append(rows, []string{"authority", fmt.Sprintf("%s, root %s", root.TrustDomain(), out.Root)})
	}
	if list := done.CRL; list != nil {
		until := list.NextUpdate()
		out.ListNumber, out.ListUntil = list.Number(), &until
		rows = append(rows, []string{"revocation list", fmt.Sprintf("number %d, valid until %s", list.Number(), when(until, e.now()))})
	}
	if cert := done.Certificate; cert != nil {
		until := cert.NotAfter()
		out.Identity, out.NotAfter = cert.Identity().String(), &until
		rows = append(rows, []string{"certificate", fmt.Sprintf("%s, valid until %s", cert.Identity(), when(until, e.now()))})
	}
	if !done.Former.IsZero() {
		out.Former = done.Former.String()
		rows = append(rows, []string{"was until now", out.Former + ", as which others have registered this terminal"})
	}
	if e.json {
		return e.printJSON(out)
	}
	switch {
	case e.quiet:
		return nil
	case len(rows) == 0:
		e.say("all of it was in force already")
		return nil
	}
	if err := e.table(rows); err != nil || done.Certificate == nil {
		return err
	}
	e.say("")
	e.say("Next, register each other: here the other terminal, and there this one.")
	e.say("  certexch allow add IDENTITY")
	e.say("  %s", registerLine(done.Certificate.Identity()))
	return nil
}

// registerLine is what the other side types to register this terminal.
func registerLine(id certauth.Identity) string { return "certexch allow add " + id.String() }
