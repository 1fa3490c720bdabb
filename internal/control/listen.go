package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/certexch/certexch/internal/durable"
)

// Group is the group whose members may use the socket of a terminal that runs as a system service.
const Group = "certexch"

// Listen makes the socket at path, for its owner and, where there is one and this process may give it
// away, for Group. Whoever calls it must be the only one to serve there: a socket that is left from
// before is removed. It refuses a folder that others can write to, who could put a socket of their own
// in its place, with a *durable.PermissionError.
func Listen(path string) (net.Listener, error) {
	if err := durable.CheckOwned(filepath.Dir(path)); err != nil {
		return nil, err
	}
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("%s is in the way of the control socket", path)
	default:
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := listenPrivate(path)
	if err != nil {
		return nil, err
	}
	if err := openToGroup(path); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}
