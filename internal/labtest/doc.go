// Package labtest gives tests a network: hosts in network namespaces of their own, joined by switches,
// with links that can be slowed, made lossy and unplugged, and with a look at every frame.
//
//	lab := labtest.New(t)
//	nas, desk := lab.Host("nas"), lab.Host("desk")
//	lab.Link(nas).Set(labtest.Conditions{Delay: 50 * time.Millisecond, Loss: 0.01})
//	cmd := nas.Command("certexch", "--home", home, "serve")
//
// A host has an address of each family in each network that it has joined, and no default route, so that
// hosts with no network in common cannot reach each other. Multicast works within a network.
//
// It needs a machine to itself (CERTEXCH_LAB or CERTEXCH_LONG says that it has one), Linux, root, and the
// programs ip (iproute2) and nsenter (util-linux); [New] skips the test where one is missing. Everything is gone when the test ends. What the run of a test binary that was
// killed has left is removed by the next New.
//
// # How it is made
//
// All switches of a lab are bridges in one namespace, and a link is a pair of veth devices: one in the
// host's namespace, one a port of the switch. A link with [Conditions] is a port of a switch of its own,
// and a goroutine carries the frames from there to the network's, later or not at all, through two TAP
// devices: kernels without netem do as well. A link without conditions is not slowed by any of that.
package labtest
