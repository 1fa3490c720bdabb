package node

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/certexch/certexch/internal/home"
	"github.com/certexch/certexch/internal/share"
)

// Config is the configuration file. The comment of each field is its manual; config.example.toml holds
// every key with its default.
type Config struct {
	// Listen are the addresses to listen on, as multiaddrs. Default: port 24242 on all interfaces, over
	// TCP and QUIC, IPv4 and IPv6. None may be listed twice.
	Listen []string `toml:"listen"`
	// Private answers registered terminals only: to members of the trust domain that are not registered
	// this terminal looks as it does to strangers. Default: false.
	Private bool `toml:"private"`
	// Shares is what this terminal serves. Default: nothing.
	Shares []Share `toml:"share"`
	// Discovery says how terminals find each other.
	Discovery Discovery `toml:"discovery"`
	// Revocation says how strictly revocation lists are kept to.
	Revocation Revocation `toml:"revocation"`
	// Log says what is logged and how.
	Log Log `toml:"log"`
	// Limits bound what peers can make this terminal hold.
	Limits Limits `toml:"limits"`
}

// Share is a [[share]] table: a named folder, and who may read it.
type Share = share.Share

// Discovery is the [discovery] table.
type Discovery struct {
	// MDNS asks the local networks for a terminal that is wanted, and, while serving, lets others find this
	// one there; a private terminal only asks. Default: true.
	MDNS bool `toml:"mdns"`
}

// Revocation is the [revocation] table.
type Revocation struct {
	// OnStale is what to do when the authority's revocation list has passed its date: "refuse" every
	// certificate of that authority, or "warn" and go on with the old list. Default: "refuse".
	OnStale string `toml:"on_stale"`
}

// Log is the [log] table.
type Log struct {
	// Level is "debug", "info", "warn" or "error". Default: "info".
	Level string `toml:"level"`
	// Format is "text" or "json". Default: "text".
	Format string `toml:"format"`
}

// Limits is the [limits] table.
type Limits struct {
	// Connections is how many connections are held at once, in both directions. Default: 512.
	Connections int `toml:"connections"`
	// Streams is how many requests' streams one peer may have open at once. Of those that it opens over a TCP
	// connection that this side has dialled, 16 go on at once, and more wait. Default: 64.
	Streams int `toml:"streams"`
}

//go:embed example.toml
var example []byte

// Example returns the text of config.example.toml, which is what init writes.
func Example() []byte { return bytes.Clone(example) }

// DefaultConfig is what an empty configuration file means.
func DefaultConfig() Config {
	return Config{
		Listen: []string{
			"/ip4/0.0.0.0/tcp/24242",
			"/ip4/0.0.0.0/udp/24242/quic-v1",
			"/ip6/::/tcp/24242",
			"/ip6/::/udp/24242/quic-v1",
		},
		Discovery:  Discovery{MDNS: true},
		Revocation: Revocation{OnStale: "refuse"},
		Log:        Log{Level: "info", Format: "text"},
		Limits:     Limits{Connections: 512, Streams: 64},
	}
}

// ConfigError is a configuration that cannot be used: where, and what to write instead.
type ConfigError struct {
	// File and Line are the place; Line is 0 where no line is at fault.
	File string
	Line int
	// Problem says what is wrong and what is expected.
	Problem string
}

func (e *ConfigError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Problem
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
}

// maxConfig bounds a configuration file.
const maxConfig = 1 << 20

// Load reads the configuration at path. It is strict: an unknown key, a wrong type or an impossible
// value is a *ConfigError, and so is a missing file.
func Load(path string) (Config, error) {
	text, err := home.ReadFile(path, maxConfig)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return Config{}, &ConfigError{File: path, Problem: "there is no configuration; `certexch init` writes one"}
	case err != nil:
		return Config{}, &ConfigError{File: path, Problem: err.Error()}
	}
	return parseConfig(path, text)
}

func parseConfig(path string, text []byte) (Config, error) {
	c := DefaultConfig()
	d := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Config{}, decodeError(path, err)
	}
	if key, line := oddKey(text); key != "" {
		return Config{}, &ConfigError{File: path, Line: line, Problem: fmt.Sprintf("unknown key %q: keys are in lower case", key)}
	}
	if problem := c.problem(); problem != "" {
		return Config{}, &ConfigError{File: path, Problem: problem}
	}
	return c, nil
}

func decodeError(path string, err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		line, _ := unknown.Errors[0].Position()
		return &ConfigError{File: path, Line: line, Problem: fmt.Sprintf("unknown key %q", strings.Join(unknown.Errors[0].Key(), "."))}
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		line, _ := decode.Position()
		return &ConfigError{File: path, Line: line, Problem: strings.TrimPrefix(decode.Error(), "toml: ")}
	}
	return &ConfigError{File: path, Problem: err.Error()}
}

// allowStale reports whether revocation lists past their date are gone on with.
func (c *Config) allowStale() bool { return c.Revocation.OnStale == "warn" }

// problem returns what is wrong with the values, or nothing.
func (c *Config) problem() string {
	if _, err := c.listen(); err != nil {
		return err.Error()
	}
	switch {
	case !slices.Contains([]string{"refuse", "warn"}, c.Revocation.OnStale):
		return `revocation.on_stale must be "refuse" or "warn"`
	case !slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level):
		return `log.level must be "debug", "info", "warn" or "error"`
	case !slices.Contains([]string{"text", "json"}, c.Log.Format):
		return `log.format must be "text" or "json"`
	case c.Limits.Connections < 1 || c.Limits.Connections > 1<<16:
		return "limits.connections must be between 1 and 65536"
	case c.Limits.Streams < 1 || c.Limits.Streams > 4096:
		return "limits.streams must be between 1 and 4096"
	}
	return ""
}
