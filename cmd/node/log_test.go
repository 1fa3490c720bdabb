package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log"
	"strings"
	"testing"

	golog "github.com/ipfs/go-log/v2"
	"github.com/libp2p/go-libp2p/gologshim"
)

// TestD11Log: one record is one line, whatever is in it, and an error is its text.
func TestD11Log(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var b bytes.Buffer
		startLog(&b, format, golog.LevelInfo, golog.LevelError).
			Info("request\n", "path", "a\x1b[2J\u202e\nb", "error", errors.New("no\u009b more"))
		line := b.String()
		checkVisible(t, strings.TrimSuffix(line, "\n"))
		if strings.Count(line, "\n") != 1 || !strings.Contains(line, `no\u009b more`) || !strings.Contains(line, `a\u001b[2J\u202e\nb`) {
			t.Errorf("%s: %q", format, line)
		}
	}
}

func TestLogJSON(t *testing.T) {
	var b bytes.Buffer
	startLog(&b, "json", golog.LevelInfo, golog.LevelError).Warn("refused", "peer", "acme.example/nas")
	var record map[string]string
	if err := json.Unmarshal(b.Bytes(), &record); err != nil {
		t.Fatal(err)
	}
	if record["level"] != "warn" || record["message"] != "refused" || record["peer"] != "acme.example/nas" || record["time"] == "" {
		t.Errorf("%s", b.String())
	}
}

// TestLogLevels: this program's level is the configuration's; libp2p and others are kept to errors.
func TestLogLevels(t *testing.T) {
	var b bytes.Buffer
	own := startLog(&b, "text", golog.LevelInfo, golog.LevelError)
	libp2p := gologshim.Logger("swarm2")
	own.Debug("not this")
	libp2p.Warn("nor this")
	log.Print("nor this")
	if b.Len() > 0 {
		t.Errorf("logged: %s", b.String())
	}
	own.Info("this")
	libp2p.Error("and this")
	if got := b.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "swarm2") {
		t.Errorf("logged: %s", got)
	}
}
