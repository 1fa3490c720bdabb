package node

import (
	"github.com/certexch/certexch/internal/durable"
	"github.com/certexch/certexch/internal/share"
)

// CheckShares checks what Run is about to serve: that every share is a folder that the owner of this home
// may read, and none holds the home itself. The error is a *ConfigError.
func (t *Terminal) CheckShares() error {
	err := durable.AsOwner(t.home.State, func() error {
		return share.Check(t.cfg.Load().Shares, t.identity.TrustDomain(), t.home.Config, t.home.State)
	})
	if err != nil {
		return &ConfigError{File: t.home.Config, Problem: err.Error()}
	}
	return nil
}
