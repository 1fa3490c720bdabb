//go:build !unix

package durable

import (
	"io/fs"
	"os"
)

// openNoFollow is nothing here: ReadSecret has checked the name before.
const openNoFollow = 0

// openNoWait is nothing here: there are no FIFOs among files.
const openNoWait = 0

// checkPrivate accepts: mode bits and owners mean little here, and the access
// lists of a user's profile keep other users out.
func checkPrivate(string, fs.FileInfo, fs.FileMode, int) error { return nil }

func checkUnwritable(string, fs.FileInfo) error { return nil }

func checkParents(string, int) error { return nil }

// SyncDir does nothing here: the system has no such operation and journals
// renames by itself.
func SyncDir(string) error { return nil }

// SyncOpenDir does nothing here, as SyncDir.
func SyncOpenDir(*os.File) error { return nil }
