//go:build !unix

package cli

// WithoutCore has nothing to do where crashes leave no core.
func WithoutCore() {}
