// Package transfer asks for files and answers with them over a sealed channel: the requests and
// answers of spec/data.md. It knows neither disks nor identities. What a client
// may see comes in as a [Source], and who the client is was settled before there was a channel.
//
// # Serving
//
// [Server.Serve] answers the requests of one channel, one at a time and in order: the names of the
// shares, a page of a directory, what a file or directory is, a range of a file. Every request ends
// in an answer or a [Status], and what went wrong on this machine reaches [Server.Report] and not the
// client.
//
// # Asking
//
// [Client] has a method for each: [Client.Shares], [Client.List], [Client.Stat] and [Client.Read],
// whose [Content] is read or, faster, written to a file with [Content.WriteTo]. A request that fails
// is a [*StatusError], which matches fs.ErrNotExist and its like; the client goes on after it. Anything
// else ends the channel. [Client.ReadAhead] asks for many files without
// waiting for one before it asks for the next. A [Pool] makes calls that overlap, over several channels.
//
// # Guarantees
//
// A name, asked for or answered, has passed [CheckName]: there is nothing in it that leads out of a
// share. A message has exactly one encoding, and an unknown, contradictory or surplus byte in it ends
// the channel with [ErrViolation].
//
// The end of a content says how long it was and gives its hash, and only after both have been
// checked does the reader see io.EOF. A file that changed while it was being sent ends in
// [StatusChanged]: never in a mixture of two versions that passes for a file.
//
// # Speed and memory
//
// Four things happen to a file on its way, and they overlap: the server reads and hashes on one
// goroutine while it seals and sends on another, and the client receives and opens on one while it
// hashes and writes on another. Between them are at most 16 frames of 64 KiB on each side, whatever
// the size of the file; frames are filled, sealed, opened and written in place, and are used again.
// When a call returns, its goroutines have ended.
package transfer
