package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/certexch/certexch/internal/cli"
)

func main() {
	cli.WithoutCore()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	env := &environment{
		stdin:    os.Stdin,
		stdout:   cli.Writer{W: os.Stdout},
		stderr:   cli.Writer{W: os.Stderr},
		content:  os.Stdout,
		now:      time.Now,
		asks:     term.IsTerminal(int(os.Stdin.Fd())),
		terminal: os.Stderr,
		watched:  term.IsTerminal(int(os.Stderr.Fd())),
	}
	os.Exit(env.execute(ctx, os.Args[1:]))
}
