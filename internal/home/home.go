package home

import (
	"errors"
	"os"
	"path/filepath"
)

// Home is node.Home.
type Home struct {
	// Config is the configuration file.
	Config string
	// State is the folder of keys, certificate, trust and allowlist.
	State string
	// Socket is where the terminal that runs here answers the commands of this machine.
	Socket string
}

// At is node.HomeAt.
func At(dir string) (Home, error) {
	dir, err := filepath.Abs(dir)
	return homeOf(filepath.Join(dir, "config.toml"), filepath.Join(dir, "state")), err
}

// homeOf is a home whose socket is in its state folder, which nobody else can enter.
func homeOf(config, state string) Home {
	return Home{Config: config, State: state, Socket: filepath.Join(state, "control.sock")}
}

// systemHome is that of a service. Its socket is where members of a group can reach it.
var systemHome = Home{Config: "/etc/certexch/config.toml", State: "/var/lib/certexch", Socket: "/run/certexch/certexch.sock"}

// Default is node.DefaultHome.
func Default() (Home, error) {
	if os.Geteuid() == 0 || isOwner(systemHome.State) {
		return systemHome, nil
	}
	own, err := userHome()
	if err != nil {
		return Home{}, err
	}
	if _, err := os.Stat(own.Config); err != nil && mayUse(systemHome.Socket) {
		return systemHome, nil
	}
	return own, nil
}

func userHome() (Home, error) {
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
	return homeOf(filepath.Join(config, "certexch", "config.toml"), filepath.Join(state, "certexch")), nil
}

// Allowlist is the file of registered terminals.
func (h Home) Allowlist() string { return filepath.Join(h.State, "allowlist") }

// SigningKey is the file of the signing key, which is written last when a home is made.
func (h Home) SigningKey() string { return filepath.Join(h.State, "signing.key") }

func (h Home) sealingKey() string { return filepath.Join(h.State, "sealing.key") }

// Certificate is the file of the terminal's own certificate.
func (h Home) Certificate() string { return filepath.Join(h.State, "certificate.pem") }

func (h Home) trust() string { return filepath.Join(h.State, "trust") }

// Running is the file of the addresses of who serves the home. Beside it is the lock that he holds.
func (h Home) Running() string { return filepath.Join(h.State, "running") }

// AddressBook is the file of where others were met.
func (h Home) AddressBook() string { return filepath.Join(h.State, "addresses") }

// Knocks is the file of who has knocked.
func (h Home) Knocks() string { return filepath.Join(h.State, "knocks") }
