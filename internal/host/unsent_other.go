//go:build !linux && !darwin

package host

import "net"

// limitUnsent does nothing: this system cannot be told.
func limitUnsent(net.Conn) {}
