// Package authority certifies terminals and revokes them. It is what
// certexch-authority does, without the command line.
//
// # An authority
//
// An authority is a private folder with two files. root.key holds the private
// key of the root certificate, encrypted with a passphrase. authority.db is an
// SQLite database with the root itself, every certificate ever issued, every
// revocation, and the current revocation list. A copy of the folder is a backup
// of the authority.
//
// [Create] makes one and never overwrites one. [Open] opens one for reading:
// [Authority.Root], [Authority.Records], [Authority.RecordsOf],
// [Authority.Record]. Whatever needs the key is a method of the [Signer] that
// [Authority.Unlock] returns for the right passphrase.
//
// # Issuing
//
// [Signer.Sign] certifies the two keys of a request under an identity that the
// caller decides on. It refuses keys that belong to another identity or have
// been revoked. A certificate is recorded in the transaction that makes it, so
// none exists that the authority does not know of.
//
// # Revoking
//
// [Signer.RevokeIdentity] revokes a terminal: its certificates, its keys, and by
// a cutoff every certificate of that identity up to now. [Signer.RevokeSerial]
// revokes one certificate. Both are permanent, and both sign a new revocation
// list at once. A terminal certified anew needs new keys and gets a certificate
// that is valid from after the cutoff. An entry stays on the list until the last
// certificate that it concerns has been expired for 30 days; the record of it
// stays for ever.
//
// # Revocation lists and the clock
//
// The number of a list is its time in Unix seconds and always rises: two lists
// in one second differ by one, and a clock that has gone back does not take the
// number with it. No list lies more than five minutes ahead of the clock; rather
// than that, signing fails with [ErrClock]. If it was the last list that was
// wrong, because the clock was ahead then, [ListOptions] has the way out.
//
// Every list is valid for as long as the one before, at first 30 days, until
// [Signer.SignList] says otherwise. A bundle carries the current list; once two
// thirds of its life are over, the next bundle brings a new one.
package authority
