// Package allowlist holds the identities that a terminal has registered: those
// with whom it exchanges data, if they have registered it too.
//
// # The list
//
// A [List] is immutable. [Parse] makes one from text, and [List.Registered]
// answers the one question that matters: may this identity, with this certified
// key, take part now? An empty or nil List registers nobody.
//
// It names identities, not keys: a terminal may change its key, and the lists
// of its peers stay as they are. An entry may pin a key all the same.
//
// # The file
//
// One line for each identity, fields separated by spaces, in UTF-8 without a
// byte order mark, every line ended by a line feed:
//
//	# site A
//	acme.example/site-a/nas  addr=/ip4/192.0.2.7/tcp/24242/p2p/12D3KooW…  # Bob's
//	acme.example/printer  expires=2027-01-01  pin=9f86d081…
//
// The first word is the identity in its text form. After it may come
//
//	addr=MULTIADDR  where to look for it: an IP address or a name with a TCP or
//	                a QUIC port, or a /dnsaddr/; ends in /p2p/PEER-ID and never
//	                leads through a relay; may be repeated
//	expires=TIME    a date (not registered from 00:00 UTC of that day on) or a
//	                time as in RFC 3339
//	pin=HEX         SHA-256 of the one public key (SubjectPublicKeyInfo) that
//	                counts, in 64 lower-case hexadecimal digits
//	# NOTE          the rest of the line is a comment
//
// Lines that are empty or start with # are kept and mean nothing. Everything
// else is an error, a [*SyntaxError] with line and column: unknown or repeated
// fields, a second line for one identity, patterns, lists with commas, letters
// that only look like ASCII, control characters, spaces at either end of a line,
// a last line without its line feed (the sign of a file half written), more than
// [MaxSize] bytes.
//
// # The store
//
// A [Store] is the list in a file. [Store.Load] is for the start of a terminal:
// a missing file is nobody, one that does not parse is an error. [Store.Current]
// is for every decision afterwards: it reads the file anew each time, so an edit
// counts from the next decision on; if the file does not parse, the last complete
// list stays in force, and if it is missing or unreadable, nobody is registered.
// Either way the caller is told.
//
// [Store.Add] and [Store.Remove] edit the file in one step, keeping every byte
// that is not theirs to change. A person may edit it with any editor; one that
// replaces the file, as most do, is best, because a file written in place can be
// seen while it still lacks its last lines.
package allowlist
