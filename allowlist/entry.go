package allowlist

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/certauth"
)

// Entry is one registered identity.
type Entry struct {
	Identity certauth.Identity     // whole, of no other line
	Addrs    []multiaddr.Multiaddr // where to look for it, in order; hints, never proof
	Expires  time.Time             // from then on it is not registered; zero: never
	Pin      *[32]byte             // SHA-256 of the SPKI of the only key that counts; nil: any certified key
	Note     string                // the comment, for people; one line, without the #
}

// String returns the entry as a line of the file, without the line feed.
func (e Entry) String() string {
	if e.Note == "" {
		return e.fields()
	}
	return e.fields() + "  # " + e.Note
}

// fields returns the line without the comment.
func (e Entry) fields() string {
	var b strings.Builder
	b.WriteString(e.Identity.String())
	for _, addr := range e.Addrs {
		b.WriteString("  addr=" + addr.String())
	}
	if !e.Expires.IsZero() {
		b.WriteString("  expires=" + formatExpires(e.Expires))
	}
	if e.Pin != nil {
		b.WriteString("  pin=" + hex.EncodeToString(e.Pin[:]))
	}
	return b.String()
}

// formatExpires prefers the date, which is what people write.
func formatExpires(t time.Time) string {
	t = t.UTC()
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339Nano)
}

// clone returns a copy that shares nothing that could be written to.
func (e Entry) clone() Entry {
	e.Addrs = slices.Clone(e.Addrs)
	if e.Pin != nil {
		pin := *e.Pin
		e.Pin = &pin
	}
	return e
}
