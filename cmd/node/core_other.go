//go:build !unix

package main

// withoutCore has nothing to do where crashes leave no core.
func withoutCore() {}
