//go:build !unix

package discovery

import (
	"testing"
	"time"
)

// processorTime is not needed where there are no namespaces to test in.
func processorTime(*testing.T) time.Duration { return 0 }
