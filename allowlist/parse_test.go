package allowlist

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/certauth"
)

const (
	peer = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"
	addr = "/ip4/192.0.2.7/tcp/4001/p2p/" + peer
	pin  = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)

func TestParseMeaning(t *testing.T) {
	list, err := Parse([]byte(`# site A

acme.example/nas
acme.example/site-a/printer  addr=` + addr + ` addr=/ip6/::1/udp/4001/quic-v1/p2p/` + peer + `   expires=2027-01-01 pin=` + pin + `  # Bob's, 2nd # floor
other.example/cam expires=2027-01-01T08:00:00.5+02:00 #
`))
	if err != nil {
		t.Fatal(err)
	}
	key := sha256.Sum256([]byte("test"))
	want := []Entry{
		{Identity: id(t, "acme.example/nas")},
		{
			Identity: id(t, "acme.example/site-a/printer"),
			Addrs:    []multiaddr.Multiaddr{multiaddr.StringCast(addr), multiaddr.StringCast("/ip6/::1/udp/4001/quic-v1/p2p/" + peer)},
			Expires:  time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
			Pin:      &key,
			Note:     "Bob's, 2nd # floor",
		},
		{Identity: id(t, "other.example/cam"), Expires: time.Date(2027, 1, 1, 6, 0, 0, 5e8, time.UTC)},
	}
	if got := list.Entries(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if e, ok := list.Lookup(want[1].Identity); !ok || !reflect.DeepEqual(e, want[1]) {
		t.Errorf("Lookup: %v, %v", e, ok)
	}
	if _, ok := list.Lookup(id(t, "acme.example/site-a")); ok {
		t.Error("found what is not there")
	}
}

func TestParseNobody(t *testing.T) {
	for _, text := range []string{"", "\n", "# nobody\n\n#\n"} {
		list, err := Parse([]byte(text))
		if err != nil || len(list.Entries()) != 0 {
			t.Errorf("%q: %v, %v", text, list.Entries(), err)
		}
	}
}

// Everything that is not a list as specified is an error at its very place.
func TestE4Strict(t *testing.T) {
	const nas = "acme.example/nas"
	for _, c := range []struct {
		name, text   string
		line, column int
		msg          string
	}{
		{"byte order mark", "\uFEFF" + nas + "\n", 1, 1, "byte order mark"},
		{"byte order mark later", nas + "\n\uFEFF# x\n", 2, 1, "byte order mark"},
		{"CRLF", nas + "\r\n", 1, 17, "carriage return"},
		{"CR alone", "# a\rb\n", 1, 4, "carriage return"},
		{"tab", nas + "\t# x\n", 1, 17, "a tab"},
		{"NUL", nas + "\x00\n", 1, 17, "U+0000"},
		{"escape sequence in a comment", "# \x1b[2J\n", 1, 3, "U+001B"},
		{"C1 control in a comment", "# \u009b2J\n", 1, 3, "U+009B"},
		{"right-to-left override", nas + "  # \u202Egpj\n", 1, 21, "U+202E"},
		{"line separator", "# \u2028" + nas + "\n", 1, 3, "U+2028"},
		{"invalid UTF-8", "#\n# \xff\n", 2, 3, "0xff is not UTF-8"},
		{"last line torn", nas + "\n" + nas, 2, 17, "is the file complete?"},
		{"torn comment", nas + "\n#", 2, 2, "is the file complete?"},
		{"leading space", " " + nas + "\n", 1, 1, "a space"},
		{"only spaces", "#\n  \n", 2, 1, "a space"},
		{"trailing space", nas + " \n", 1, 17, "spaces at the end"},
		{"trailing spaces after a field", nas + " pin=" + pin + "  \n", 1, 86, "spaces at the end"},
		{"upper case", "acme.example/NAS\n", 1, 1, ""},
		{"Cyrillic a", "\u0430cme.example/nas\n", 1, 1, ""},
		{"full-width slash", "acme.example\uFF0Fnas\n", 1, 1, ""},
		{"no-break space", nas + "\u00A0\n", 1, 1, ""},
		{"no path", "acme.example\n", 1, 1, ""},
		{"short form", "site-a/nas\n", 1, 1, ""},
		{"dot dot", "acme.example/a/../nas\n", 1, 1, ""},
		{"trailing slash", nas + "/\n", 1, 1, ""},
		{"scheme", "spiffe://" + nas + "\n", 1, 1, "write it as " + nas},
		{"glob", "acme.example/*\n", 1, 1, "no patterns"},
		{"everyone", "*\n", 1, 1, "no patterns"},
		{"class", "acme.example/nas[12]\n", 1, 1, "no patterns"},
		{"comma", nas + ",acme.example/printer\n", 1, 1, "no patterns and no lists"},
		{"comment without space", nas + "#x\n", 1, 1, ""},
		{"semicolon comment", nas + " ; x\n", 1, 18, "is not a field"},
		{"two identities", nas + "  acme.example/printer\n", 1, 19, "is not a field"},
		{"second line", nas + "\n\n" + nas + " pin=" + pin + "\n", 3, 1, nas + " has a line already, line 1"},
		{"unknown field", nas + " allow=all\n", 1, 18, `unknown field "allow"`},
		{"field in upper case", nas + " Pin=" + pin + "\n", 1, 18, `unknown field "Pin"`},
		{"spaces around =", nas + " pin = " + pin + "\n", 1, 18, "is not a field"},
		{"empty field", nas + " =x\n", 1, 18, "unknown field"},
		{"second expires", nas + " expires=2027-01-01 expires=2028-01-01\n", 1, 37, "a second expires"},
		{"second pin", nas + " pin=" + pin + " pin=" + pin + "\n", 1, 87, "a second pin"},
		{"same addr twice", nas + " addr=" + addr + " addr=" + addr + "\n", 1, 104, "same addr twice"},
		{"very long word", nas + " addr=" + strings.Repeat("x", 2000) + "\n", 1, 18, "longer than 1024 bytes"},

		{"addr empty", nas + " addr=\n", 1, 18, "addr"},
		{"addr of no peer", nas + " addr=/ip4/192.0.2.7/tcp/4001\n", 1, 18, "/p2p/"},
		{"addr of no place", nas + " addr=/p2p/" + peer + "\n", 1, 18, "/p2p/"},
		{"addr goes on after the peer", nas + " addr=" + addr + "/tcp/1\n", 1, 18, "/p2p/"},
		{"addr of two peers", nas + " addr=" + addr + "/p2p/" + peer + "\n", 1, 18, "/p2p/"},
		{"addr through a relay", nas + " addr=" + addr + "/p2p-circuit/p2p/" + peer + "\n", 1, 18, "relay"},
		{"addr by relay only", nas + " addr=/p2p-circuit/p2p/" + peer + "\n", 1, 18, "relay"},
		{"addr of UDP alone", nas + " addr=/ip4/192.0.2.7/udp/4001/p2p/" + peer + "\n", 1, 18, "neither a TCP nor a QUIC"},
		{"addr of a WebSocket", nas + " addr=/ip4/192.0.2.7/tcp/4001/ws/p2p/" + peer + "\n", 1, 18, "neither a TCP nor a QUIC"},
		{"addr without a port", nas + " addr=/dns4/nas.acme.example/p2p/" + peer + "\n", 1, 18, "neither a TCP nor a QUIC"},
		{"addr not canonical", nas + " addr=/ip6/0:0::1/tcp/1/p2p/" + peer + "\n", 1, 18, "write it as /ip6/::1/"},
		{"addr with slash at the end", nas + " addr=" + addr + "/\n", 1, 18, "write it as"},
		{"addr of host and port", nas + " addr=192.0.2.7:4001\n", 1, 18, "addr"},

		{"expires empty", nas + " expires=\n", 1, 18, "not a time"},
		{"expires never", nas + " expires=0001-01-01\n", 1, 18, "not a time"},
		{"expires year 10000 in UTC", nas + " expires=9999-12-31T23:59:59-01:00\n", 1, 18, "not a time"},
		{"expires on no day", nas + " expires=2027-02-29\n", 1, 18, "not a time"},
		{"expires short", nas + " expires=2027-1-1\n", 1, 18, "not a time"},
		{"expires without zone", nas + " expires=2027-01-01T00:00:00\n", 1, 18, "not a time"},
		{"expires with comma", nas + " expires=2027-01-01T00:00:00,5Z\n", 1, 18, "not a time"},

		{"expires with one digit for the hour", nas + " expires=2027-01-01T0:00:00Z\n", 1, 18, "not a time"},
		{"expires with an impossible zone", nas + " expires=2027-01-01T00:00:00+30:00\n", 1, 18, "not a time"},

		{"pin short", nas + " pin=" + pin[2:] + "\n", 1, 18, "SHA-256"},
		{"pin long", nas + " pin=" + pin + "00\n", 1, 18, "SHA-256"},
		{"pin in upper case", nas + " pin=" + strings.ToUpper(pin) + "\n", 1, 18, "SHA-256"},
		{"pin not hex", nas + " pin=" + strings.Repeat("zz", 32) + "\n", 1, 18, "SHA-256"},

		{"too large", strings.Repeat("# 45678\n", MaxSize/8) + "\n", MaxSize/8 + 1, 1, "larger than 1048576"},
		{"10 MB", strings.Repeat("#\n", 5<<20), MaxSize/2 + 1, 1, "larger than 1048576"},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := Parse([]byte(c.text))
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || list != nil {
				t.Fatalf("accepted: %v, %v", list.Entries(), err)
			}
			if syntax.Line != c.line || syntax.Column != c.column || !strings.Contains(syntax.Msg, c.msg) {
				t.Errorf("%v\nwant line %d, column %d, %q", syntax, c.line, c.column, c.msg)
			}
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) || len(err.Error()) > 2*maxWord {
				t.Errorf("unfit for a terminal: %q", err)
			}
		})
	}
}

func TestE4LargestListParses(t *testing.T) {
	if _, err := Parse([]byte(strings.Repeat("# 45678\n", MaxSize/8))); err != nil {
		t.Error(err)
	}
}

func TestRegistered(t *testing.T) {
	key, other := sha256.Sum256([]byte("test")), sha256.Sum256([]byte("other"))
	day := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	list, err := Parse([]byte("acme.example/nas\nacme.example/guest expires=2027-01-01\nacme.example/vault pin=" + pin + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		list *List
		id   string
		key  [32]byte
		now  time.Time
		want error
	}{
		{list, "acme.example/nas", key, day, nil},
		{list, "acme.example/nas", other, day.AddDate(50, 0, 0), nil},
		{list, "acme.example/nas/x", key, day, ErrNotRegistered},
		{list, "other.example/nas", key, day, ErrNotRegistered},
		{list, "acme.example/guest", key, day.Add(-1), nil},
		{list, "acme.example/guest", key, day, ErrExpired},
		{list, "acme.example/guest", key, day.In(time.FixedZone("", 3600)).Add(-1), nil},
		{list, "acme.example/vault", key, day, nil},
		{list, "acme.example/vault", other, day, ErrPinMismatch},
		{list, "acme.example/vault", [32]byte{}, day, ErrPinMismatch},
		{&List{}, "acme.example/nas", key, day, ErrNotRegistered},
		{nil, "acme.example/nas", key, day, ErrNotRegistered},
	} {
		err := c.list.Registered(id(t, c.id), c.key, c.now)
		if !errors.Is(err, c.want) {
			t.Errorf("%s at %s: %v, want %v", c.id, c.now, err, c.want)
		}
		if c.want != nil && (!errors.Is(err, ErrNotRegistered) || !strings.HasPrefix(err.Error(), c.id+" is not registered")) {
			t.Errorf("%s: %v", c.id, err)
		}
	}
	if err := list.Registered(certauth.Identity{}, key, day); !errors.Is(err, ErrNotRegistered) {
		t.Errorf("the zero identity: %v", err)
	}
}

// What a caller does to what it got does not reach the list.
func TestListIsImmutable(t *testing.T) {
	list, err := Parse([]byte("acme.example/nas addr=" + addr + " pin=" + pin + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprint(list.Entries())
	e, _ := list.Lookup(id(t, "acme.example/nas"))
	for _, e := range append(list.Entries(), e) {
		e.Addrs[0], *e.Pin = nil, [32]byte{}
	}
	if after := fmt.Sprint(list.Entries()); after != before {
		t.Errorf("%s became %s", before, after)
	}
}

// The attacker is whoever can write the file or talk a person into pasting a
// line. Whatever parses must be written back as the same entries, so that an
// edit by a program never means anything else than the text did.
func FuzzParse(f *testing.F) {
	f.Add([]byte("# site A\n\nacme.example/nas\n"))
	f.Add([]byte("acme.example/nas  addr=" + addr + "  expires=2027-01-01  pin=" + pin + "  # Bob's\n"))
	f.Add([]byte("a.b/c addr=/dns4/x.y/udp/1/quic-v1/p2p/" + peer + " expires=2027-01-01T00:00:00.000000001+14:00 #\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := Parse(data)
		if err != nil {
			if syntax := (*SyntaxError)(nil); !errors.As(err, &syntax) || syntax.Line < 1 || syntax.Column < 1 {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		var text strings.Builder
		for _, e := range list.Entries() {
			fmt.Fprintln(&text, e)
		}
		again, err := Parse([]byte(text.String()))
		if err != nil {
			t.Fatalf("%q was written as %q, which does not parse: %v", data, text.String(), err)
		}
		if !reflect.DeepEqual(again.Entries(), list.Entries()) {
			t.Fatalf("%q means %v, and written back %v", data, list.Entries(), again.Entries())
		}
		lines, err := parseLines(data)
		if err != nil || string(join(lines)) != string(data) {
			t.Fatalf("lines of %q joined: %q, %v", data, join(lines), err)
		}
	})
}

func id(t testing.TB, s string) certauth.Identity {
	t.Helper()
	id, err := certauth.ParseIdentity(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
