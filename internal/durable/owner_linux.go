package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// asOwnerOf is asOwner for root. Whose dir is decides the first folder or link on the way to it that is not
// root's: everything before it only root can change.
func asOwnerOf(dir string, f func(uid int) error) error {
	uid, gid := 0, 0
	err := walk(dir, func(_ string, info fs.FileInfo) error {
		if uid = owner(info); uid == 0 {
			return nil
		}
		gid = int(info.Sys().(*syscall.Stat_t).Gid)
		return errFound
	})
	switch {
	case errors.Is(err, errFound):
		return explain(uid, as(uid, gid, f))
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return f(0)
	}
	return err
}

var errFound = errors.New("found")

// explain says on whose behalf root was not permitted something.
func explain(uid int, err error) error {
	if !errors.Is(err, fs.ErrPermission) || errors.As(err, new(*PermissionError)) {
		return err
	}
	return fmt.Errorf("acting as user %d, whose folder it is: %w", uid, err)
}

// nobody is the group whose rights are taken where a folder belongs to root's group.
const nobody = 65534

// as runs f on a thread that has the rights of uid and gid to files, with the groups of uid, and no others. Other users can still not
// signal or trace it, as they could if it took on more of the user than that. The thread ends with f, since
// its goroutine does not let go of it; the runtime starts no other thread from such a one.
func as(uid, gid int, f func(uid int) error) error {
	if gid == 0 {
		gid = nobody
	}
	done, groups := make(chan error), groupsOf(uid)
	go func() {
		runtime.LockOSThread()
		err := become(uid, gid, groups)
		if err == nil {
			err = f(uid)
		}
		done <- err
	}()
	return <-done
}

// groupsOf are the groups that a service of the user would be in; none for a user that the system does not
// know.
func groupsOf(uid int) (groups []int) {
	known, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return nil
	}
	ids, err := known.GroupIds()
	if err != nil {
		return nil
	}
	for _, id := range ids {
		if n, err := strconv.Atoi(id); err == nil {
			groups = append(groups, n)
		}
	}
	return groups
}

// become changes the calling thread only. The two calls that change report no errors, so they are asked again.
func become(uid, gid int, groups []int) error {
	if err := unix.Setgroups(groups); err != nil {
		return fmt.Errorf("acting as user %d: %w", uid, os.NewSyscallError("setgroups", err))
	}
	_, _ = unix.SetfsgidRetGid(gid)
	_, _ = unix.SetfsuidRetUid(uid)
	nowGid, _ := unix.SetfsgidRetGid(-1)
	if nowUid, _ := unix.SetfsuidRetUid(-1); nowUid != uid || nowGid != gid {
		return fmt.Errorf("acting as user %d and group %d: the system does not let this process", uid, gid)
	}
	return nil
}
