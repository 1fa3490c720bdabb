package main

import (
	"context"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

func newServe(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Answer registered terminals",
		Long: `Listens at the addresses of config.toml and serves its shares to registered terminals, until it is told
to stop (interrupt or SIGTERM). Its addresses are then what certexch id prints. The log goes to standard
output, as the [log] part of config.toml has it. SIGHUP does what certexch reload does.

Others find it by its name on its local networks (mDNS), unless config.toml has private or turns that off.

While it runs, ls, stat, cat and get of the same home go through its sessions, over a socket
(certexch paths) that only its owner may open and, for a service of the system, the group certexch.`,
		Args: cli.Between(0, 0),
		RunE: e.run(e.serve),
	}
}

func (e *environment) serve(ctx context.Context, _ []string) error {
	home, err := e.at()
	if err != nil {
		return err
	}
	cfg, err := node.Load(home.Config)
	if err != nil {
		return err
	}
	env := node.System(e.logToStdout(cfg.Log))
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // what is held are buffers in use; twice as much again would be for nothing
	}
	hangups := catchHangups()
	defer hangups.stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var t *node.Terminal
	env.Ready = func() {
		notify("READY=1")
		reload := func() {
			notify("RELOADING=1")
			_, _ = t.Reload() // it logs what is wrong
			notify("READY=1")
		}
		hangups.answer(ctx, reload, func() { notify("STOPPING=1") })
	}
	if t, err = node.New(home, cfg, env); err != nil {
		return err
	}
	return t.Run(ctx)
}
