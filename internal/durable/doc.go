// Package durable keeps small files that must not be lost, torn or read by
// others: keys, certificates, revocation lists, the allowlist.
//
// # Writing
//
// [WriteFile] replaces a file and [CreateFile] makes a new one. Both write a
// hidden temporary file beside the target, sync it, give it the final name in
// one step and sync the directory. After a crash or a power failure at any
// moment the name stands for the old content or the new one, whole, and once
// the call has returned nil it is the new one. [SyncDir] and [SyncOpenDir] are that last
// step for callers who rename by themselves.
//
// A crash can leave a temporary file behind. Its name starts with a dot and
// ends in ".tmp"; nothing ever reads it.
//
// # Secrets
//
// [ReadSecret] reads a file only if nobody but its owner could have read or
// replaced it, and [CheckSecret] makes the same checks. [MkdirPrivate] makes the
// folder that such files belong in, and [CheckPrivate] checks one. [CheckOwned] is
// for what is no secret but is obeyed: others may read it, not write it.
// What they refuse is a [*PermissionError], which says what to do about it.
// On Windows, whose access lists they do not read, only the kind of the file
// is checked.
//
// # Root
//
// A service keeps its files as a user of its own, and root looks after them. On
// Linux root acts in a folder of another user as that user, for the length of
// one call: files are made for their owner, checks find what he would find, and
// links that he has planted lead root nowhere. [Open] is for reading so. On other
// systems, what belongs to another user is refused to root too.
//
// # Locking
//
// [Lock] keeps processes apart that edit the same file. It is advisory: reading
// never needs it, since a file is always whole.
package durable
