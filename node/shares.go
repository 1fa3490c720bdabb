package node

import "github.com/certexch/certexch/internal/share"

// CheckShares checks what Run is about to serve: that every share is a folder, and none holds this
// terminal's own home. The error is a *ConfigError.
func (t *Terminal) CheckShares() error {
	err := share.Check(t.cfg.Load().Shares, t.identity.TrustDomain(), t.home.Config, t.home.State)
	if err != nil {
		return &ConfigError{File: t.home.Config, Problem: err.Error()}
	}
	return nil
}
