package receive

import "golang.org/x/sys/unix"

// renameIfNew is the system's call that renames in a folder and replaces nothing.
func renameIfNew(dir int, from, to string) error {
	return unix.RenameatxNp(dir, from, dir, to, unix.RENAME_EXCL)
}
