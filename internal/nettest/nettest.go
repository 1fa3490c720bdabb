// Package nettest gives a test a network of its own: a namespace with one interface. Multicast on it reaches
// every socket of the test, and nothing leaves the machine.
package nettest

// The addresses of Interface, each with its network.
const (
	Interface = "net0"
	IPv4      = "10.77.0.1/24"
	IPv6      = "fd77::1/64"
)
