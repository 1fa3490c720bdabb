// Package spec holds the specification: certificate.md and certexch.md, with test vectors in vectors/.
//
// Its tests make the vectors anew, compare them with the files, and run every file against the
// implementation. After a change of bytes or of a check, and in the same commit as that change,
//
//	go test ./spec -update
//
// writes the files. Everything in them comes from fixed keys, a fixed clock and recorded
// encapsulations, so that a second run changes nothing.
package spec
