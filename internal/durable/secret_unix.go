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
const openNoFollow = syscall.O_NOFOLLOW | openNoWait

// openNoWait opens a FIFO without waiting for its other end.
const openNoWait = syscall.O_NONBLOCK

// maxLinks bounds the symbolic links on one path, as the kernel does.
const maxLinks = 40

func owner(info fs.FileInfo) int {
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

// checkPrivate refuses what is not uid's, or wider than mode.
func checkPrivate(path string, info fs.FileInfo, mode fs.FileMode, uid int) error {
	if theirs := owner(info); theirs != uid {
		return &PermissionError{path, fmt.Sprintf("it belongs to user %d, and is used by user %d", theirs, uid),
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

// checkParents refuses the way to dir, followed as the kernel does, if a user other than uid and root could
// lead it elsewhere.
func checkParents(dir string, uid int) error {
	return walk(dir, func(path string, info fs.FileInfo) error { return checkParent(path, info, uid) })
}

// walk shows visit everything from the root to path, as the kernel comes by it: folders, and symbolic links
// before what they lead to. It ends with visit's first error.
func walk(path string, visit func(path string, info fs.FileInfo) error) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	current, rest, links := "/", names(path), 0
	for {
		info, err := os.Lstat(current)
		if err != nil {
			return err
		}
		if err := visit(current, info); err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			if links++; links > maxLinks {
				return &fs.PathError{Op: "lstat", Path: path, Err: syscall.ELOOP}
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

func checkParent(path string, info fs.FileInfo, uid int) error {
	if theirs := owner(info); theirs != 0 && theirs != uid {
		return &PermissionError{path, fmt.Sprintf("it belongs to user %d, who could replace what is below it", theirs),
			"use a place below your own folders, or give it to the right user with chown"}
	}
	if info.IsDir() && info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return &PermissionError{path, fmt.Sprintf("its mode %04o lets others replace what is below it", info.Mode().Perm()),
			fmt.Sprintf("run: chmod go-w %q", path)}
	}
	return nil
}
