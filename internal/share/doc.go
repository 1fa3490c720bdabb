// Package share serves directories of this machine: it is the [transfer.Source] of each peer.
//
// A [Share] gives a directory a name and says who may read it. [Check] finds every mistake in a list
// of shares, [Open] opens them as a [Set], and [Set.For] is what one terminal may see of it. Who the
// terminal is, and that it is registered, has been settled before.
//
// # Who sees what
//
// A share without a list of readers is nobody's, and "*" in the list stands for every registered
// terminal. A share that a terminal may not see answers, in every operation, as one that does not
// exist.
//
// # What is served
//
// Regular files and directories below the share's directory, under names that transfer.CheckName
// accepts. Everything else (sockets, pipes, devices, links that lead out, files that are still being
// received, names with control characters) is neither listed nor found. Relative links that stay
// inside the share are followed. Every name goes through os.Root, so that nothing outside is reached,
// whatever is moved or linked while it is looked up. A hard link is the file itself and is served.
//
// A directory that contains, is or lies in one of the terminal's own directories is no share: its keys
// would be served with it. Open holds the directories open, and serves them even when their path comes
// to stand for something else.
//
// # Versions
//
// The version of a file is a hash over its size, times of modification and change, inode and device:
// what the file system says about it, and as exact as that. [transfer.File.Unchanged] compares it with
// the version that was opened. Where time stamps are taken from a coarse clock, a file that changed
// only just now could change again without a sign; so Open waits until that can no longer be.
package share
