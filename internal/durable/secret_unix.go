//go:build unix

package durable

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// openNoFollow opens the named file and no other: not the target of a symbolic
// link, and without waiting for the other end of a FIFO.
const openNoFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// maxLinks bounds the symbolic links on one path, as the kernel does.
const maxLinks = 40

func owner(info fs.FileInfo) int {
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

// checkPrivate refuses what is not the calling user's, or wider than mode.
func checkPrivate(path string, info fs.FileInfo, mode fs.FileMode) error {
	if uid := owner(info); uid != os.Geteuid() {
		return &PermissionError{path, fmt.Sprintf("it belongs to user %d, and this process runs as user %d", uid, os.Geteuid()),
			"run as its owner, or give it to the right one with chown"}
	}
	if perm := info.Mode().Perm(); perm&^mode != 0 {
		return &PermissionError{path, fmt.Sprintf("its mode %04o is wider than %04o, so others may have used it", perm, mode),
			fmt.Sprintf("if nobody has, run: chmod %o %q", mode, path)}
	}
	return nil
}

// checkUnwritable refuses what group or others could write to.
func checkUnwritable(path string, info fs.FileInfo) error {
	if perm := info.Mode().Perm(); perm&0o022 != 0 {
		return &PermissionError{path, fmt.Sprintf("its mode %04o lets others write to it", perm),
			fmt.Sprintf("make sure that nobody has, then run: chmod go-w %q", path)}
	}
	return nil
}

// checkParents walks from the root to dir as the kernel does, following
// symbolic links, and refuses the walk if another user could lead it elsewhere.
func checkParents(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	current, rest, links := "/", names(dir), 0
	for {
		info, err := os.Lstat(current)
		if err != nil {
			return err
		}
		if err := checkParent(current, info); err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			if links++; links > maxLinks {
				return &fs.PathError{Op: "lstat", Path: dir, Err: syscall.ELOOP}
			}
			target, err := os.Readlink(current)
			if err != nil {
				return err
			}
			current = filepath.Dir(current)
			if filepath.IsAbs(target) {
				current = "/"
			}
			rest = append(names(target), rest...)
		}
		if len(rest) == 0 {
			return nil
		}
		current, rest = filepath.Join(current, rest[0]), rest[1:]
	}
}

// names splits a path without cleaning it: ".." after a symbolic link leads to
// the parent of the link's target.
func names(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

func checkParent(path string, info fs.FileInfo) error {
	if uid := owner(info); uid != 0 && uid != os.Geteuid() {
		return &PermissionError{path, fmt.Sprintf("it belongs to user %d, who could replace what is below it", uid),
			"use a place below your own folders, or give it to the right user with chown"}
	}
	if info.IsDir() && info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return &PermissionError{path, fmt.Sprintf("its mode %04o lets others replace what is below it", info.Mode().Perm()),
			fmt.Sprintf("run: chmod go-w %q", path)}
	}
	return nil
}
