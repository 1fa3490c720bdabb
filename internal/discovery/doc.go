// Package discovery finds out where a terminal may be: by asking the local network (mDNS), and from an
// [AddressBook] of earlier sessions. All of it is hints. Whether the terminal that answers at an address is the one
// that is wanted is for the exchange to prove.
//
// # What is on the wire
//
// The packets are those of libp2p's mDNS discovery, under a service of our own for each trust domain
// ([Service]): a question for its PTR records, and answers with a PTR record for an instance of random name
// and the instance's TXT record, which holds the terminal's addresses as dnsaddr=/ip4/…/tcp/…/p2p/…. No
// identity and no trust domain is named; who knows a trust domain can compute its service and see that it
// is in use.
//
// # What is believed
//
// Anybody on the network can send anything. A packet counts only if its sender is on a network that this
// machine is on; from an answer come only addresses of such networks, each an IP address with a TCP or a
// QUIC port, at most eight. [Advertise] answers to the group, never to the sender, and ten times a second at
// most, so it amplifies nothing and floods nobody.
package discovery
