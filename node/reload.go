package node

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/home"
	"github.com/certexch/certexch/internal/share"
)

// Reload reads the configuration again and goes on by it: shares, private, discovery and revocation count at once,
// listen, log and limits after a restart, and those of the latter that are others now are returned. Allowlist,
// certificate and revocation lists need no reload; they are read whenever they count. With an error, a *ConfigError
// as a rule, everything stays as it was. While Run does not run there is nothing to reload: ErrNotServing.
func (t *Terminal) Reload() (restart []string, err error) {
	t.reloading.Lock()
	defer t.reloading.Unlock()
	if !t.serving {
		return nil, ErrNotServing
	}
	cfg, err := t.reload()
	if err != nil {
		t.log.Error("not reloaded: what was in force stays in force", "error", err.Error())
		return nil, err
	}
	t.log.Info("reloaded", "shares", len(cfg.Shares))
	if restart = restartKeys(t.begun, cfg); len(restart) > 0 {
		t.log.Warn("changed, and in force after a restart only", "keys", strings.Join(restart, ", "))
	}
	return restart, nil
}

// ErrNotServing is returned by Reload for a terminal that does not serve, or not any more.
var ErrNotServing = errors.New("this terminal does not serve")

func (t *Terminal) reload() (Config, error) {
	cfg, err := Load(t.home.Config)
	if err != nil {
		return cfg, err
	}
	anchors, err := home.ReadTrust(t.home, t.env.Now())
	if err != nil {
		return cfg, err
	}
	roots, err := home.RootsOf(anchors, cfg.allowStale())
	if err != nil {
		return cfg, err
	}
	own, err := home.OwnCertificate(t.home, t.keys, roots, t.env.Now())
	if err != nil {
		return cfg, err
	}
	if own.Identity() != t.identity {
		return cfg, t.renamed(own.Identity())
	}
	shares, err := t.openShares(cfg)
	if err != nil {
		return cfg, err
	}
	t.cfg.Store(&cfg)
	t.trust.SetStale(cfg.allowStale())
	t.shares.Replace(shares)
	return cfg, nil
}

// renamed says that the certificate in force is for another identity.
func (t *Terminal) renamed(id certauth.Identity) error {
	return fmt.Errorf("the certificate is now for %s, and this terminal runs as %s: restart it", id, t.identity)
}

// restartKeys names what is read at the start only and differs now from what it was then.
func restartKeys(old, now Config) (keys []string) {
	for key, same := range map[string]bool{
		"listen": slices.Equal(old.Listen, now.Listen),
		"log":    old.Log == now.Log,
		"limits": reflect.DeepEqual(old.Limits, now.Limits),
	} {
		if !same {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// openShares opens the shares of cfg. The error is a *ConfigError.
func (t *Terminal) openShares(cfg Config) (*share.Set, error) {
	set, err := share.Open(cfg.Shares, t.identity.TrustDomain(), time.Now, t.home.Config, t.home.State)
	if err != nil {
		return nil, &ConfigError{File: t.home.Config, Problem: err.Error()}
	}
	return set, nil
}
