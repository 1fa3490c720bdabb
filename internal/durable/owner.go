package durable

import "os"

// asOwner runs f as the user whose files are in dir. That is the calling user, but for root in a folder of
// somebody else: there f gets no rights but its owner's, on Linux. So what it makes can be used by the owner,
// and a link that the owner has planted leads it nowhere that the owner could not go himself. f is told for
// whom it acts, must do all its work before it returns, and must not use other goroutines for it.
func asOwner(dir string, f func(uid int) error) error {
	if os.Geteuid() == 0 {
		return asOwnerOf(dir, f)
	}
	return f(os.Geteuid())
}
