// Package control is the way from the commands on a machine to the terminal that runs there: a unix
// socket. Whoever may open it may act as this terminal, so the modes of the socket and of its folder are
// the permission; nothing of it listens on a network.
//
// A connection carries one [Request]. Most are answered with one reply. An OpOpen is answered once the
// session stands, and from then on the connection is a data channel to the other terminal: the running
// terminal passes frames between it and a sealed stream of its session, and looks at none. So a command
// uses sessions that stand already, and writes what it fetches with its own rights.
//
// [Server] declares what it needs of the terminal; [Client] is the commands' side. What goes wrong
// arrives as a *[Failure], the same that the terminal itself would report.
package control
