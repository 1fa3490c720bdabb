//go:build race

package fleettest

// raced is set in tests for the race detector, which sees nothing of other processes.
const raced = true
