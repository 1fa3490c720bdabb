//go:build unix

package control

import (
	"net"
	"os"
	"os/user"
	"strconv"
	"sync"
	"syscall"
)

// umask belongs to the whole process, so one socket is made at a time.
var umask sync.Mutex

// listenPrivate makes a socket that nobody but its owner can ever open.
func listenPrivate(path string) (net.Listener, error) {
	umask.Lock()
	defer umask.Unlock()
	defer syscall.Umask(syscall.Umask(0o177))
	return net.Listen("unix", path)
}

// openToGroup lets the members of Group in, if the system has such a group and this process may.
func openToGroup(path string) error {
	group, err := user.LookupGroup(Group)
	if err != nil {
		return nil
	}
	gid, err := strconv.Atoi(group.Gid)
	if err != nil {
		return nil
	}
	if err := os.Chown(path, -1, gid); err != nil { // neither root nor a member
		return nil
	}
	return os.Chmod(path, 0o660)
}
