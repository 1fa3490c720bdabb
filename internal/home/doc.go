// Package home is what a terminal is on disk: where its configuration and its state are, its keys, its
// certificate, and the authorities that it trusts.
//
// [Init] makes a home; [Request] makes the certificate request that goes to an authority; [Install] verifies what
// the authority returns and puts it in force. Nothing that does not verify is ever stored. What is read is verified
// again: [LoadKeys] refuses keys that others may read, [ReadTrust] a folder with anything in it that does not
// verify, and [CheckPrivate] a home that others can write to. [Trust] does so whenever the folder has changed.
package home
