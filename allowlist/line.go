package allowlist

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/certauth"
)

// maxWord bounds an identity or a field, in bytes. The longest sensible one is
// an address with a long host name.
const maxWord = 1024

// parseLine reads one line that has passed checkText. Its error lacks the number
// of the line.
func parseLine(text []byte) (line, *SyntaxError) {
	l := line{text: text}
	if len(text) == 0 || text[0] == '#' {
		return l, nil
	}
	if text[0] == ' ' {
		return l, &SyntaxError{Column: 1, Msg: "a space; a line starts with an identity or with #"}
	}
	var e Entry
	parse, column := e.parseIdentity, 1
	for {
		rest := text[column-1:]
		word, _, _ := bytes.Cut(rest, []byte(" "))
		if err := parseWord(string(word), parse); err != nil {
			return l, &SyntaxError{Column: column, Msg: err.Error()}
		}
		l.tail = rest[len(word):]
		next := bytes.TrimLeft(l.tail, " ")
		if len(next) == 0 || next[0] == '#' {
			break
		}
		parse, column = e.parseField, len(text)-len(next)+1
	}
	if note, isNote := bytes.CutPrefix(bytes.TrimLeft(l.tail, " "), []byte("#")); isNote {
		e.Note = strings.Trim(string(note), " ")
	} else if len(l.tail) > 0 {
		return l, &SyntaxError{Column: len(text) - len(l.tail) + 1, Msg: "spaces at the end of the line"}
	}
	l.entry = &e
	return l, nil
}

func parseWord(word string, parse func(string) error) error {
	if len(word) > maxWord {
		return fmt.Errorf("longer than %d bytes: %.40q…", maxWord, word)
	}
	return parse(word)
}

func (e *Entry) parseIdentity(word string) (err error) {
	if strings.ContainsAny(word, "*?[,") {
		return fmt.Errorf("%q: there are no patterns and no lists; write one line for each identity", word)
	}
	e.Identity, err = certauth.ParseIdentity(word)
	if err != nil {
		return err
	}
	if text := e.Identity.String(); text != word {
		return fmt.Errorf("%q: write it as %s", word, text)
	}
	return nil
}

func (e *Entry) parseField(word string) error {
	key, value, ok := strings.Cut(word, "=")
	if !ok {
		return fmt.Errorf("%q is not a field (addr=…, expires=…, pin=…); a comment starts with #", word)
	}
	switch key {
	case "addr":
		return e.parseAddr(value)
	case "expires":
		return e.parseExpires(value)
	case "pin":
		return e.parsePin(value)
	}
	return fmt.Errorf("unknown field %q; there are addr, expires and pin", key)
}

func (e *Entry) parseAddr(value string) error {
	addr, err := multiaddr.NewMultiaddr(value)
	if err != nil {
		return fmt.Errorf("addr: %w", err)
	}
	if text := addr.String(); text != value {
		return fmt.Errorf("addr: write it as %s", text)
	}
	if err := CheckAddr(addr); err != nil {
		return fmt.Errorf("addr=%s %w", value, err)
	}
	if slices.ContainsFunc(e.Addrs, addr.Equal) {
		return errors.New("the same addr twice")
	}
	e.Addrs = append(e.Addrs, addr)
	return nil
}

// CheckAddr refuses what is no place that certexch can dial, with the one peer that is expected there.
func CheckAddr(addr multiaddr.Multiaddr) error {
	peers := 0
	var kinds []string
	for _, p := range addr.Protocols() {
		switch p.Code {
		case multiaddr.P_CIRCUIT:
			return errors.New("leads through a relay; certexch connects directly or not at all")
		case multiaddr.P_P2P:
			peers++
		}
		kinds = append(kinds, p.Name)
	}
	switch {
	case peers != 1 || addr[len(addr)-1].Protocol().Code != multiaddr.P_P2P:
		return errors.New("does not end in the peer to expect there; " + wantAddr)
	case !dialable.MatchString(strings.Join(kinds, "/")):
		return errors.New("is neither a TCP nor a QUIC address (/udp/…/quic-v1); " + wantAddr)
	}
	return nil
}

const wantAddr = "want for example /ip4/192.0.2.7/tcp/24242/p2p/12D3KooW…"

// dialable are the protocols of an address that there are transports for; a /dnsaddr/ stands for such.
var dialable = regexp.MustCompile(`^(dnsaddr|((ip6zone/)?ip6|ip4|dns|dns4|dns6)/(tcp|udp/quic-v1))/p2p$`)

func (e *Entry) parseExpires(value string) error {
	if !e.Expires.IsZero() {
		return errors.New("a second expires")
	}
	layout := time.RFC3339Nano
	if len(value) == len(time.DateOnly) {
		layout = time.DateOnly
	}
	t, err := time.Parse(layout, value)
	// Written back because Parse is lax. The bounds keep out the zero time, which
	// means never, and years of five digits.
	if err != nil || t.Format(layout) != value || t.UTC().Year() < 1970 || t.UTC().Year() > 9999 {
		return fmt.Errorf("expires=%s is not a time; want for example 2027-01-01 or 2027-01-01T18:00:00Z", value)
	}
	e.Expires = t.UTC()
	return nil
}

func (e *Entry) parsePin(value string) error {
	if e.Pin != nil {
		return errors.New("a second pin")
	}
	pin, err := hex.DecodeString(value)
	if err != nil || len(pin) != 32 || hex.EncodeToString(pin) != value {
		return fmt.Errorf("pin=%s is not the SHA-256 of a key in 64 lower-case hexadecimal digits", value)
	}
	e.Pin = (*[32]byte)(pin)
	return nil
}
