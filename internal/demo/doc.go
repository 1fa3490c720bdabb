// Package demo shows certexch at work on one machine, and fails unless all of it holds.
//
// [Run] makes an authority and three terminals in folders of their own and lets them meet over real
// libp2p hosts on the loopback interface, as they would meet over a network. It uses what commands use:
// packages node and allowlist for the terminals, internal/authority for the authority. Each step is told
// in plain words, with the commands that one would type for it.
//
// The terminals are called first, which serves; second, which is registered with it and fetches; and
// third, which is certified and registers first, but is not registered by it. The stranger is a host that
// speaks the protocol with a certificate of its own making.
package demo
