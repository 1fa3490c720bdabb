// Package receive puts what another terminal serves into files of this machine: whole or not at all.
//
// [File] receives one file, [Tree] a folder with everything in it. They ask a [Source] or a [TreeSource],
// which a transfer.Pool is, and write to a [Destination].
//
// # Whole or not at all
//
// Content goes into a hidden file beside the destination, which its owner alone may read. Only when the
// end of the content has been verified, its attributes are set, and it has been synced does it take the
// destination's name; and only when the directory has been synced too is there success. An error of a
// sync is never tried away: the content may be lost. Names that are there already may be of a run that was
// killed before it synced them, so this one does: once for each folder.
//
// # Going on
//
// The name of the hidden file follows from the terminal, the path and the destination. Beside it is a
// journal with the hash of each whole block. When the connection is lost, a context is done or the
// process dies, both stay, and the next call asks only for what is missing, of the same version, after
// the blocks that are here have been compared with their hashes. What is wrong on this side, or with the
// content, leaves nothing. A partial is locked while in use; who finds it in use makes one of their own.
//
// # What is not touched
//
// A file that is there already stays, unless Overwrite says otherwise; one of the same size and time of
// modification counts as received and is skipped. A link at the destination is never followed, be it in
// place of a file or of a folder: replacing it leaves what it points to alone. Directories, devices and
// the like are never replaced. What is done in a folder is done in the folder that was opened, whatever
// its path has come to stand for.
//
// The file gets the time of modification and, if it is executable, the execute bits that this
// process's umask allows; the umask decides the rest. Owner, further mode bits and other attributes are
// not taken from the other terminal.
//
// # Trees
//
// Folders are listed while files arrive, and files are made safe in batches. What fails is counted and
// the rest goes on; a lost connection is followed by another if there is one. A folder made for a whole tree
// is marked as unfinished until all of it has arrived. Depth, number and the room that is
// declared are bounded.
package receive
