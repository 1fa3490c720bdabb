// Package host makes the libp2p host that every certexch process talks
// through. There is one constructor, [New], for terminals and authorities
// alike, and what it makes connects directly or not at all.
//
// # What a host can do
//
// It speaks TCP with TLS 1.3, and QUIC. With Go's defaults both agree on their
// keys by the hybrid X25519MLKEM768. It has no Noise, no plaintext, no
// WebSocket, WebTransport or WebRTC, no ping, no AutoNAT and no metrics, and
// it asks nobody how its own addresses look from outside. Identify is all that
// answers a peer before the handlers of the caller.
//
// TCP is dialled before QUIC, because it moves a file several times faster;
// QUIC follows a second later, or at once when every TCP dial has failed.
//
// # What a host cannot do
//
// It cannot relay, be relayed, or reach anyone through a relay. A promise of
// that weight does not hang on one switch:
//
//   - The circuit transport is not linked into the program, which is one reason
//     why New puts the host together from libp2p's parts and does not call
//     libp2p.New. The other is that it halves the time that a short command
//     spends on starting.
//   - A connection gater refuses to dial, accept, secure or register a
//     connection if either of its addresses contains /p2p-circuit.
//   - A stream that arrives over such a connection all the same is reset before
//     its protocol is read.
//   - Such addresses are never advertised, listened on or dialled: [Direct]
//     drops them from hints, and what has only those is [ErrRelayed].
//
// [Relayed] is the test that all of them use. The flag that libp2p itself
// offers, Stat().Limited, is no test: it repeats what the relay says of itself.
//
// # Who gets in
//
// Anybody may connect, and most limits of libp2p turn away whoever comes last:
// a flood of connections that say nothing would keep everybody else out. Here
// such a connection is ended to make room, the oldest of the address that holds
// most, unless the caller has asked to [Keep] it, as it does once the peer has
// proven itself. The same goes for the streams of peers with no connection that
// is kept: they are few, because each may fill a window before it is read. A peer
// that was dialled has proven no more than one that has come, and may open few
// streams: those to the side that dialled have large windows.
//
// # Logging
//
// The parts of libp2p log through the package gologshim, to standard error
// until told otherwise. A program that links this package calls
//
//	gologshim.SetDefaultHandler(handler)
//
// as the first thing in main, before New: a logger keeps the handler that it
// finds at its first message.
package host
