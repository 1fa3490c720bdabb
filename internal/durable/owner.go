package durable

import "os"

// AsOwner runs f with the rights to files of the user that the folder dir belongs to, for root on Linux; for
// everybody else it only runs f. So root finds what a service of that user would find. f must do its work on
// the calling goroutine. The error is f's, or says why root cannot act so.
func AsOwner(dir string, f func() error) error {
	return asOwner(dir, func(int) error { return f() })
}

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
