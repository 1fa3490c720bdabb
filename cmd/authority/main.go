package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/certexch/certexch/internal/authority"
	"github.com/certexch/certexch/internal/cli"
)

func main() {
	cli.WithoutCore()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	e := &environment{
		stdin:  os.Stdin,
		stdout: cli.Writer{W: os.Stdout},
		stderr: cli.Writer{W: os.Stderr},
		now:    time.Now,
		rand:   rand.Reader,
		cost:   authority.DefaultCost,
		ask:    askAtTerminal,
	}
	os.Exit(e.execute(ctx, os.Args[1:]))
}
