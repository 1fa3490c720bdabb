package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/internal/transfer"
)

// completeWithin is how long somebody waits for what a key completes.
const completeWithin = 2 * time.Second

// complete is what a shell shows for the argument that is being typed: the words that it may become.
type complete = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective)

// completeIdentity completes the identities that are registered here, up to most of them.
func (e *environment) completeIdentity(most int) complete {
	return func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return e.identities(typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeRemote completes remote paths: the identity, and behind its colon what the terminal that runs here
// can see there. Where neither fits, the shell completes the names of local files.
func (e *environment) completeRemote(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	if _, _, found := cutLocation(typed); found {
		return e.remoteNames(cmd.Context(), typed), cobra.ShellCompDirectiveNoSpace
	}
	words := e.identities(typed)
	for i := range words {
		words[i] += ":"
	}
	return words, cobra.ShellCompDirectiveNoSpace
}

// identities are those registered here that begin as typed, short where that is how one would type them.
func (e *environment) identities(typed string) (words []string) {
	home, err := e.at()
	if err != nil {
		return nil
	}
	list, err := allowlist.NewStore(home.Allowlist()).Load()
	if err != nil {
		return nil
	}
	td, _ := e.trustDomain(home) // without it, whole identities are completed
	own := td.String() + "/"
	for _, entry := range list.Entries() {
		whole := entry.Identity.String()
		for _, word := range []string{strings.TrimPrefix(whole, own), whole} {
			if strings.HasPrefix(word, typed) {
				words = append(words, word)
				break
			}
		}
	}
	return words
}

// remoteNames are the shares, or the names in a folder, that begin as typed. Only the terminal that runs here
// is asked: a key that is pressed makes no connection of its own.
func (e *environment) remoteNames(ctx context.Context, typed string) (words []string) {
	ctx, cancel := context.WithTimeout(ctx, completeWithin)
	defer cancel()
	v := newVisit(e)
	if !v.throughRunning(ctx) {
		return nil
	}
	defer v.close()
	_, path, _ := cutLocation(typed)
	folder := path[:strings.LastIndex(path, "/")+1]
	before := strings.TrimSuffix(typed, strings.TrimPrefix(path, folder))
	l, err := parseLocation(v.trustDomain(), before)
	if err != nil {
		return nil
	}
	open := func(ctx context.Context) (transfer.Channel, error) { return v.way(ctx, l.identity, nil) }
	running := transfer.NewPool(open, completeWithin)
	defer running.Close()
	for _, name := range names(ctx, running, l) {
		if word := before + name; strings.HasPrefix(word, typed) && cli.Printable(name) == name {
			words = append(words, word)
		}
	}
	return words
}

// names are what is in a place of a terminal, folders and shares with a slash at their end; nothing if it cannot
// be seen.
func names(ctx context.Context, p *transfer.Pool, l location) (names []string) {
	if l.share == "" {
		shares, _ := p.Shares(ctx)
		for _, name := range shares {
			names = append(names, name+"/")
		}
		return names
	}
	entries, _ := p.List(ctx, l.share, l.path)
	for _, entry := range entries {
		name := entry.Name
		if entry.Dir {
			name += "/"
		}
		names = append(names, name)
	}
	return names
}
