package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/cli"
)

func newWhy(e *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "why IDENTITY [SHARE]",
		Short: "Tell why a terminal, or a share of it, cannot be used",
		Long: `Goes the way that a request goes, step by step, and tells the first step that fails, with what to try: this
terminal's own certificate and lists, its registration of the other, the way there, the exchange of
certificates, the other's registration of this one, the share. Nothing is guessed; it connects and sees.

A terminal that refuses without a reason has it in its log, under this terminal's peer ID. The exit code is
that of the step that failed.`,
		Example: `  certexch why site-a/nas
  certexch why site-a/nas reports`,
		Args:              cli.Between(1, 2),
		ValidArgsFunction: e.completeIdentity(1),
	}
	addrs := addrFlag(cmd)
	cmd.RunE = e.run(func(ctx context.Context, args []string) error {
		return e.why(ctx, args, *addrs)
	})
	return cmd
}

// step is one step of the way, passed.
type step struct {
	Step   string `json:"step"`
	Detail string `json:"detail"`
}

func (e *environment) why(ctx context.Context, args, addrs []string) error {
	v, err := e.visit(ctx, addrs)
	if err != nil {
		return err
	}
	defer v.close()
	arg := args[0]
	if len(args) == 2 {
		arg += ":" + args[1]
	}
	l, err := parseLocation(v.trustDomain(), arg)
	if err != nil {
		return err
	}
	for _, take := range []func() (step, error){
		v.ownStep,
		func() (step, error) { return v.sessionStep(ctx, l.identity) },
		func() (step, error) { return v.shareStep(ctx, l) },
	} {
		passed, err := take()
		if err != nil {
			return err
		}
		if err := e.printStep(passed); err != nil {
			return err
		}
	}
	e.say("nothing is in the way")
	return nil
}

func (e *environment) printStep(s step) error {
	if e.json {
		return e.printJSON(s)
	}
	return e.table([][]string{{fmt.Sprintf("%-14s", s.Step), s.Detail}})
}

// ownStep is this terminal's own certificate, with the lists that it is judged by.
func (v *visit) ownStep() (step, error) {
	home, err := v.env.at()
	if err != nil {
		return step{}, err
	}
	about, err := v.env.describe(home)
	if errors.Is(err, fs.ErrPermission) { // a member of the group asks, and the terminal runs
		return step{"certificate", v.self.String()}, nil
	}
	if err == nil {
		err = about.Problem
	}
	if err != nil {
		return step{}, err
	}
	return step{"certificate", about.Identity.String() + ", valid until " + when(about.Certificate.NotAfter(), v.env.now())}, nil
}

// sessionStep is this terminal's registration of the other, the way there, and the exchange.
func (v *visit) sessionStep(ctx context.Context, id certauth.Identity) (step, error) {
	if _, err := v.peer(id).Shares(ctx); err != nil {
		return step{}, err
	}
	return step{"session", id.String() + " answers, is certified, and each side has registered the other"}, nil
}

// shareStep is what the other terminal lets this one see.
func (v *visit) shareStep(ctx context.Context, l location) (step, error) {
	if l.share == "" {
		shares, err := v.peer(l.identity).Shares(ctx)
		return step{"shares", orNone(shares)}, err
	}
	entry, err := v.peer(l.identity).Stat(ctx, l.share, l.path)
	if err != nil {
		return step{}, err
	}
	kind := "file"
	if entry.Dir {
		kind = "folder"
	}
	return step{"share", fmt.Sprintf("%s is a %s that this terminal may read", l, kind)}, nil
}
