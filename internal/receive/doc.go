// Package receive puts what another terminal serves into files of this machine: whole or not at all.
//
// [File] receives one file. It asks a [Source], which is a transfer.Client or whatever wraps one, and
// writes to a [Destination].
//
// # Whole or not at all
//
// Content goes into a hidden file beside the destination, of a name that nobody can guess and that did
// not exist, readable by its owner alone. Only when the end of the content has been verified, its
// attributes are set, and it has been synced does it take the destination's name; and only when the
// directory has been synced too is there success. What goes wrong before that, a cancelled context
// included, leaves the destination as it was and removes the hidden file. An error of a sync is never
// tried away: the content may be lost.
//
// # What is not touched
//
// A file that is there already stays, unless [Options] say otherwise; one of the same size and time of
// modification counts as received and is skipped. A link at the destination is never followed:
// replacing it leaves what it points to alone. Directories, devices and the like are never replaced.
//
// The file gets the time of modification and, if it is executable, the execute bits that this
// process's umask allows; the umask decides the rest. Owner, further mode bits and other attributes are
// not taken from the other terminal.
package receive
