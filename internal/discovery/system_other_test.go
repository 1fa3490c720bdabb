//go:build !unix

package discovery

import (
	"net"
	"testing"
	"time"
)

// What follows is not needed where there are no namespaces to test in.

func processorTime(*testing.T) time.Duration { return 0 }

func listenBeside(*testing.T, string) net.PacketConn { return nil }
