package discovery

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/certauth"
)

// bookHead tells whoever opens the file.
const bookHead = "# Where terminals were met: identity, peer ID, time, addresses. Hints only; it may be deleted.\n"

func formatBook(contacts []Contact) []byte {
	var b bytes.Buffer
	b.WriteString(bookHead)
	for _, c := range contacts {
		fmt.Fprintf(&b, "%s %s %s", c.Identity, c.Peer, c.Seen.UTC().Format(time.RFC3339))
		for _, a := range c.Addrs {
			b.WriteString(" " + a.String())
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// parseBook reads a whole book. It takes what formatBook writes, and no line of another form.
func parseBook(text []byte) ([]Contact, error) {
	if len(text) > maxBook {
		return nil, fmt.Errorf("the address book is larger than %d bytes", maxBook)
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		return nil, fmt.Errorf("the last line of the address book is not complete")
	}
	var contacts []Contact
	seen := make(map[certauth.Identity]bool)
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		if strings.HasPrefix(line, "#") {
			continue
		}
		c, err := parseContact(strings.TrimSuffix(line, "\n"))
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", number, err)
		case seen[c.Identity]:
			return nil, fmt.Errorf("line %d: %s has a line already", number, c.Identity)
		case len(contacts) == maxContacts:
			return nil, fmt.Errorf("line %d: more than %d terminals", number, maxContacts)
		}
		seen[c.Identity] = true
		contacts = append(contacts, c)
	}
	return contacts, nil
}

func parseContact(line string) (c Contact, err error) {
	fields := strings.Split(line, " ")
	if len(fields) < 4 || len(fields) > 3+maxAddrs {
		return c, fmt.Errorf("%d fields, where an identity, a peer ID, a time and 1 to %d addresses belong", len(fields), maxAddrs)
	}
	if c.Identity, err = certauth.ParseIdentity(fields[0]); err != nil {
		return c, err
	}
	if c.Peer, err = peer.Decode(fields[1]); err != nil {
		return c, fmt.Errorf("%q is not a peer ID", fields[1])
	}
	if c.Seen, err = time.Parse(time.RFC3339, fields[2]); err != nil {
		return c, fmt.Errorf("%q is not a time", fields[2])
	}
	for _, text := range fields[3:] {
		a, err := multiaddr.NewMultiaddr(text)
		if err != nil || !dialable(a) {
			return c, fmt.Errorf("%q is not the address of a terminal", text)
		}
		c.Addrs = append(c.Addrs, a)
	}
	return c, nil
}
