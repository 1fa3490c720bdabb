package node_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/certexch/certexch/node"
)

func show(c node.Config) string { return fmt.Sprintf("%+v", c) }

// TestExampleHoldsEveryKey: a key that is added to the configuration is added to the example.
func TestExampleHoldsEveryKey(t *testing.T) {
	var keys func(reflect.Type) []string
	keys = func(typ reflect.Type) (names []string) {
		for f := range typ.Fields() {
			names = append(names, f.Tag.Get("toml"))
			if f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct {
				names = append(names, keys(f.Type.Elem())...)
			} else if f.Type.Kind() == reflect.Struct {
				names = append(names, keys(f.Type)...)
			}
		}
		return names
	}
	for _, key := range keys(reflect.TypeFor[node.Config]()) {
		if !strings.Contains(string(node.Example()), key) {
			t.Errorf("key %q is not in the example", key)
		}
	}
}

// TestE4StrictConfig: what is not understood is refused, with file, line and what to write.
func TestE4StrictConfig(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", "privat = true\n", ":1: unknown key \"privat\""},
		{"unknown table", "\n[discovry]\nmdns = true\n", ":2: unknown key"},
		{"wrong type", "\nprivate = \"yes\"\n", ":2: "},
		{"duplicate key", "private = true\nprivate = false\n", ":2: "},
		{"not TOML", "private: true\n", ":1: "},
		{"byte order mark", "\ufeffprivate = true\n", ": "},
		{"bad value", "[revocation]\non_stale = \"ignore\"\n", `on_stale must be "refuse" or "warn"`},
		{"no addresses", "listen = []\n", "at least one address"},
		{"not an address", "listen = [\"0.0.0.0:1\"]\n", "not a multiaddr"},
		{"relay", "listen = [\"/p2p-circuit\"]\n", "relay"},
		{"not QUIC", "listen = [\"/ip4/127.0.0.1/udp/1\"]\n", "like /ip4/0.0.0.0/tcp/24242 or /ip6/::/udp/24242/quic-v1"},
		{"a name", "listen = [\"/dns4/localhost/tcp/1\"]\n", "not an IP address"},
		{"only a host", "listen = [\"/ip4/127.0.0.1\"]\n", "not an IP address"},
		{"a terminal", "listen = [\"/ip4/127.0.0.1/tcp/1/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA\"]\n", "not an IP address"},
		{"TCP twice", "listen = [\"/ip4/127.0.0.1/tcp/1\", \"/ip4/127.0.0.1/tcp/01\"]\n", "listed twice"},
		{"QUIC twice", "listen = [\"/ip6/::/udp/0/quic-v1\", \"/ip6/0::0/udp/0/quic-v1\"]\n", "listed twice"},
		{"upper case", "\nPRIVATE = true\n", ":2: unknown key \"PRIVATE\""},
		{"both cases", "private = true\nPrivate = false\n", ":2: unknown key \"Private\""},
		{"table in upper case", "private = true\n[Limits]\nstreams = 1\n", ":2: unknown key \"Limits\""},
		{"share in upper case", "[[share]]\nname = \"a\"\nREAD = [\"*\"]\n", ":3: unknown key \"READ\""},
		{"array in upper case", "[[Share]]\nname = \"a\"\n", ":1: unknown key \"Share\""},
		{"dotted", "log.Level = \"info\"\n", ":1: unknown key \"Level\""},
		{"inline", "log = { \"L\\u0065vel\" = \"info\" }\n", ":1: unknown key \"Level\""},
		{"inline in an array", "share = [\n{ name = \"a\" },\n{ Name = \"b\" },\n]\n", ":3: unknown key \"Name\""},
		{"another alphabet", "\"li\u017ften\" = [\"/ip4/127.0.0.1/tcp/1\"]\n", ":1: unknown key"},
		{"too many connections", "[limits]\nconnections = 100000\n", "limits.connections"},
		{"too large", strings.Repeat("# \n", 1<<19), "larger than 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.toml")
			check(t, os.WriteFile(path, []byte(c.text), 0o644))
			_, err := node.Load(path)
			var config *node.ConfigError
			if !errors.As(err, &config) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := node.Load(filepath.Join(t.TempDir(), "none")); !errors.As(err, new(*node.ConfigError)) {
		t.Errorf("a missing file: %v", err)
	}
}
