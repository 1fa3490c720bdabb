package node

import (
	"errors"
	"os"
	"path/filepath"
)

// Home is where a terminal keeps its configuration and its state. Every command and the running node
// find the same one.
type Home struct {
	// Config is the configuration file.
	Config string
	// State is the folder of keys, certificate, trust and allowlist.
	State string
}

// HomeAt is the home inside one folder: dir/config.toml and dir/state.
func HomeAt(dir string) (Home, error) {
	dir, err := filepath.Abs(dir)
	return Home{Config: filepath.Join(dir, "config.toml"), State: filepath.Join(dir, "state")}, err
}

// DefaultHome is the system's home for root, and the user's XDG folders otherwise.
func DefaultHome() (Home, error) {
	if os.Geteuid() == 0 {
		return Home{Config: "/etc/certexch/config.toml", State: "/var/lib/certexch"}, nil
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return Home{}, err
	}
	state := os.Getenv("XDG_STATE_HOME")
	if state == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return Home{}, err
		}
		state = filepath.Join(home, ".local", "state")
	}
	if !filepath.IsAbs(state) {
		return Home{}, errors.New("XDG_STATE_HOME is not an absolute path")
	}
	return Home{Config: filepath.Join(config, "certexch", "config.toml"), State: filepath.Join(state, "certexch")}, nil
}

// The files of the state folder.
func (h Home) signingKey() string  { return filepath.Join(h.State, "signing.key") }
func (h Home) sealingKey() string  { return filepath.Join(h.State, "sealing.key") }
func (h Home) certificate() string { return filepath.Join(h.State, "certificate.pem") }
func (h Home) trust() string       { return filepath.Join(h.State, "trust") }
func (h Home) running() string     { return filepath.Join(h.State, "running") }

// Allowlist is the file of registered terminals.
func (h Home) Allowlist() string { return filepath.Join(h.State, "allowlist") }
