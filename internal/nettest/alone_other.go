//go:build !linux

package nettest

import "testing"

// Alone skips the test: there are network namespaces on Linux only.
func Alone(t *testing.T) bool {
	t.Helper()
	t.Skip("needs network namespaces, which Linux has")
	return false
}

// IP has nothing to change.
func IP(t testing.TB, args string) {
	t.Helper()
	t.Fatalf("ip %s: needs Linux", args)
}
