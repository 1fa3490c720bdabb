package main

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

// entry is a file or folder as it is printed with --json.
type entry struct {
	Name       string    `json:"name"`
	Dir        bool      `json:"dir"`
	Size       uint64    `json:"size"`
	ModTime    time.Time `json:"mtime"`
	Executable bool      `json:"executable,omitempty"`
	Version    string    `json:"version"`
}

func entryOf(n node.Entry) entry {
	return entry{n.Name, n.Dir, n.Size, n.ModTime.UTC(), n.Executable, hex.EncodeToString(n.Version[:])}
}

// printEntry prints one line of ls.
func (e *environment) printEntry(n node.Entry) error {
	if e.json {
		return e.printJSON(entryOf(n))
	}
	name, size := cli.Printable(n.Name), fmt.Sprint(n.Size)
	if n.Dir {
		name, size = name+"/", "-"
	}
	_, err := fmt.Fprintf(e.stdout, "%12s  %s  %s\n", size, n.ModTime.Local().Format("2006-01-02 15:04"), name)
	return err
}
