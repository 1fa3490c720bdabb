// Package node is the running terminal: it puts together the exchange (package protocol), who is
// certified (certauth), who is registered (allowlist), what is served and the libp2p host, and decides
// nothing that those packages decide.
//
// # A terminal and its home
//
// A [Home] is a configuration file and a state folder. [Init] makes it, with the terminal's two private
// keys; [Request] makes the certificate request that goes to an authority; [Install] verifies what the
// authority returns and puts it in force. Nothing that does not verify is ever stored. All of that is the work
// of package home.
//
// [New] reads a home and checks everything that can be checked without acting: configuration, modes of
// the key files, the certificate, the revocation list, the allowlist, the shares. [Terminal.Run] acts: it
// listens and serves until its context ends.
//
// # Meeting another terminal
//
// [Terminal.Dial] takes the identity that is wanted, asks this side's allowlist first, connects, and runs
// the exchange on that connection. It returns a [Peer] only when the terminal at the other end has proven
// to be the one asked for and each side has registered the other. Data calls are methods of Peer, so
// asking for data before there is trust does not compile:
//
//	terminal, err := node.New(home, config, node.System(logger))
//	...
//	peer, err := terminal.Dial(ctx, nas, address)
//	...
//	entries, err := peer.List(ctx, "docs", "reports/2026")
//	fsys := peer.FS(ctx, "docs") // an io/fs.FS
//
// A session belongs to its connection. A second connection to the same peer has an exchange of its own,
// and a stream on a connection without one is refused.
//
// # What changes while a terminal runs
//
// The certificate, the revocation lists and the allowlist are read anew for the exchanges that follow a
// change, within two seconds. A trust folder that does not verify trusts nobody; an allowlist that is not
// whole leaves the last whole one in force; one that is missing is empty.
//
// # Errors
//
// Errors are typed where callers branch: [*protocol.RefusedError], [*DialError], [*NotReadyError],
// [*ConfigError], [*OwnCertificateError]. [Explain] makes of any of them what the user is told: a stable
// reason word with its exit code, a sentence, and the next thing to try.
package node
