// Package release holds what a build calls itself: the same in both programs and as a library.
package release

// Version is the number of the release.
const Version = "0.1.0"
