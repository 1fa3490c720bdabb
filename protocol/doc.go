// Package protocol lets two terminals prove to each other who they are, and then exchange sealed frames.
//
// The bytes on the wire, the order of the checks and the reason for each are in spec/certexch.md. This
// page is about how to use the package.
//
// # The exchange
//
// Two terminals have a connection on which each knows the other's Ed25519 key, because libp2p has
// proven it. That key alone says nothing: anybody can make one. The exchange turns it into a name. Each
// side shows a certificate, in which an authority has bound a terminal's identity to that very key and
// to a second key that data can be sealed to. Each side signs what it says, together with all that was
// said before. And each seals a secret to the other's certified key, so that only the two holders of
// the certified private keys come to share what follows.
//
// The side that dialled is the [Initiator]; it shows its certificate first. The other is the
// [Responder]; it says nothing that identifies it before it has checked the initiator's certificate.
// Four messages go back and forth:
//
//	M1        I→R  a fresh key, the certificate, a signature
//	M2        R→I  secrets for the fresh key and for I's certified key, the certificate, a verdict, a signature
//	M3        I→R  a secret for R's certified key, a verdict, a signature
//	FINISHED  I→R, then R→I: the proof of holding the keys that come out of it
//
// A [Verdict] is what one side says of the other: [Member], which is certified but not in its
// allowlist, or [Registered]. An exchange between two members completes whatever the verdicts are, since
// members may be told where they stand. Data needs [Registered] from both sides.
//
// Whatever else happens, the answer is three constant bytes, REFUSED. The reason stays on the side that
// refused, as a [RefusedError] with a [Reason], a stable word for logs and exit codes. The side that was
// refused gets a RefusedError too, with what it can find out by itself: its own certificate may have
// expired.
//
// # The machine
//
// A [Machine] is one side of one exchange without any input or output. [NewInitiator] and
// [NewResponder] make it from a [Config]: what this side requires of its peer, a [Policy]; what it shows,
// its [Credentials]; and the key that the connection has proven. [Machine.Step] takes one message that
// arrived and returns the bytes to send, until it returns a [Session] or an error. [ReadMessage] cuts
// the messages out of a byte stream.
//
// Clock, randomness, trusted roots and the question whether a peer is registered are functions of the
// Config, which are asked at the moment of the check. None has a default. What is missing refuses.
//
// [Initiate] and [Respond] run a machine over libp2p: with a deadline for the whole, refusals that leave
// on a fixed grid of time, and the key of the connection itself. They are all that a terminal needs, and
// with [OpenData] they are the only functions here that know libp2p.
//
// # The session
//
// A completed exchange gives each side a [Session]: the verified certificate of the peer
// ([Session.Peer]), both verdicts, and a secret that never leaves it. The session belongs to the
// connection on which it was made and is worth nothing on another.
//
// [Session.Open] and [Session.Accept] make sealed streams of ordinary ones. Both fail unless both
// verdicts are [Registered], before a single byte is read or written, so there is no way from an
// exchange that gave less to any data. What they return is a [Channel]: [Channel.Send] seals a [Frame]
// in place and [Channel.Receive] opens one in place, so that a fast sender copies nothing. A frame says
// what it carries, its [Kind]. [Channel.CloseSend] ends a direction so that the other side knows it was
// the end; to [Channel.Receive] this is io.EOF, and nothing else is.
//
// The stream on which the exchange ran becomes the [Control] stream of the session: keep-alives, and a
// [Goodbye] with its reason. When it ends, the session is over.
//
// # Guarantees
//
// A Session exists only when all of this holds:
//
//   - the peer's certificate passed certauth.Roots.Open at that moment, revocation included;
//   - it is for the key that this connection has proven, so no certificate is of use to a thief;
//   - the peer holds both certified private keys, and has seen exactly the messages that this side sent,
//     as this side has seen exactly the peer's;
//   - the peer is not this terminal, and is the one that was asked for, when one was ([Config].Expect).
//
// Of a channel holds:
//
//   - nobody reads it but the two ends, not even with both terminals' private keys afterwards, and not
//     with a quantum computer: every exchange has a key of its own that is forgotten with it, and every
//     encapsulation is ML-KEM-768 and X25519 in one;
//   - frames arrive as they were sent, each once, in order, from the beginning to the authenticated end,
//     or Receive returns [ErrIntegrity]; it never returns part of a frame.
//
// What an exchange does not hide: an initiator shows its certificate to whoever it dials, and who
// watches the connection from inside the outer encryption sees both certificates and the sizes of
// frames. The specification says more under "Security considerations".
//
// A session does not grow old by itself. Whether the peer would still pass the checks today, with a
// newer revocation list or another allowlist, is for the owner of the session to ask again.
//
// # Errors
//
// The first error ends a machine, or a direction of a channel, for good. A machine fails with a *[RefusedError], or with
// an error of this side's own, such as a broken source of randomness; a channel with [ErrIntegrity], with
// [ErrBroken], or with one that matches os.ErrDeadlineExceeded. [Session.Open], [Session.Accept] and [Session.DataAllowed] return a
// RefusedError that says whose entry is missing.
package protocol
