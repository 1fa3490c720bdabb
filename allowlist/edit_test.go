package allowlist

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/certauth"
)

const original = `# The office.   Ask Ann before you edit.

acme.example/nas addr=` + addr + `     # Bob's,   do not touch
#acme.example/old  # gone

acme.example/printer
  ` + "\n"

// Each edit changes its own line and not one byte more.
func TestEditKeepsTheRest(t *testing.T) {
	text := strings.Replace(original, "  \n", "# end\n", 1)
	nasLine := "acme.example/nas addr=" + addr + "     # Bob's,   do not touch\n"
	key := sha256.Sum256([]byte("test"))
	for _, c := range []struct {
		name     string
		entries  []Entry
		remove   string
		old, new string // the only difference
	}{
		{"new", []Entry{{Identity: id(t, "acme.example/cam")}}, "",
			"# end\n", "# end\nacme.example/cam\n"},
		{"new with everything", []Entry{{
			Identity: id(t, "acme.example/cam"),
			Addrs:    []multiaddr.Multiaddr{multiaddr.StringCast(addr)},
			Expires:  time.Date(2027, 1, 1, 8, 0, 0, 0, time.FixedZone("", 8*3600)),
			Pin:      &key,
			Note:     " roof ",
		}}, "", "# end\n", "# end\nacme.example/cam  addr=" + addr + "  expires=2027-01-01  pin=" + pin + "  # roof\n"},
		{"two", []Entry{{Identity: id(t, "acme.example/a"), Expires: time.Date(2027, 1, 1, 0, 0, 1, 0, time.UTC)}, {Identity: id(t, "acme.example/b")}}, "",
			"# end\n", "# end\nacme.example/a  expires=2027-01-01T00:00:01Z\nacme.example/b\n"},
		{"already there, the same", []Entry{{Identity: id(t, "acme.example/nas"), Addrs: []multiaddr.Multiaddr{multiaddr.StringCast(addr)}}}, "",
			"", ""},
		{"already there, the comment stays", []Entry{{Identity: id(t, "acme.example/nas"), Pin: &key}}, "",
			nasLine, "acme.example/nas  pin=" + pin + "     # Bob's,   do not touch\n"},
		{"already there, a new note", []Entry{{Identity: id(t, "acme.example/nas"), Note: "Eve's"}}, "",
			nasLine, "acme.example/nas  # Eve's\n"},
		{"already there, the same note", []Entry{{Identity: id(t, "acme.example/nas"), Note: "Bob's,   do not touch"}}, "",
			nasLine, "acme.example/nas     # Bob's,   do not touch\n"},
		{"twice in one call", []Entry{{Identity: id(t, "acme.example/nas"), Pin: &key}, {Identity: id(t, "acme.example/nas")}}, "",
			nasLine, "acme.example/nas     # Bob's,   do not touch\n"},
		{"what is commented out is not there", []Entry{{Identity: id(t, "acme.example/old")}}, "",
			"# end\n", "# end\nacme.example/old\n"},
		{"remove", nil, "acme.example/nas", nasLine, ""},
		{"remove what is commented out", nil, "acme.example/old", "", ""},
		{"remove what is not there", nil, "acme.example/na", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "allowlist")
			write(t, path, text)
			s := NewStore(path)
			if len(c.entries) > 0 {
				if err := s.Add(t.Context(), c.entries...); err != nil {
					t.Fatal(err)
				}
			}
			if c.remove != "" {
				removed, err := s.Remove(t.Context(), id(t, c.remove))
				if err != nil || (len(removed) == 1) != (c.old != "") {
					t.Errorf("removed %v, %v", removed, err)
				}
			}
			want := strings.Replace(text, c.old, c.new, 1)
			if got, _ := os.ReadFile(path); string(got) != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// An edit that changes nothing does not touch the file, and one that does keeps
// its mode.
func TestEditFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allowlist")
	s := NewStore(path)
	nas := Entry{Identity: id(t, "acme.example/nas")}
	if removed, err := s.Remove(t.Context(), nas.Identity); err != nil || len(removed) != 0 {
		t.Errorf("removed %v from a missing file, %v", removed, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("removing made a file")
	}
	if err := s.Add(t.Context(), nas); err != nil {
		t.Fatal(err)
	}
	made, _ := os.Stat(path)
	if made.Mode().Perm()&0o077 != 0 {
		t.Errorf("made with mode %v", made.Mode())
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(t.Context(), nas); err != nil {
		t.Fatal(err)
	}
	if same, _ := os.Stat(path); !os.SameFile(made, same) {
		t.Error("replaced by itself")
	}
	if removed, err := s.Remove(t.Context(), nas.Identity, nas.Identity); err != nil || len(removed) != 1 {
		t.Errorf("removed %v, %v", removed, err)
	}
	if after, _ := os.Stat(path); after.Size() != 0 || after.Mode() != 0o640 {
		t.Errorf("left %d bytes, mode %v", after.Size(), after.Mode())
	}
}

// What would not be a valid line, or a valid list, is not written.
func TestEditRefuses(t *testing.T) {
	nas := id(t, "acme.example/nas")
	for _, c := range []struct {
		name, text string
		entry      Entry
		want       string
	}{
		{"no identity", "", Entry{}, ""},
		{"second line in the note", "", Entry{Identity: nas, Note: "x\nacme.example/eve"}, ""},
		{"escape sequence in the note", "", Entry{Identity: nas, Note: "\x1b[2J"}, "U+001B"},
		{"addr of no peer", "", Entry{Identity: nas, Addrs: []multiaddr.Multiaddr{multiaddr.StringCast("/ip4/192.0.2.7/tcp/1")}}, "/p2p/"},
		{"addr through a relay", "", Entry{Identity: nas, Addrs: []multiaddr.Multiaddr{multiaddr.StringCast(addr + "/p2p-circuit/p2p/" + peer)}}, "relay"},
		{"nil addr", "", Entry{Identity: nas, Addrs: []multiaddr.Multiaddr{nil}}, "addr"},
		{"expires too late", "", Entry{Identity: nas, Expires: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, "not a time"},
		{"torn file", "acme.example/pri", Entry{Identity: nas}, "does not parse"},
		{"bad file", "acme.example/*\n", Entry{Identity: nas}, "does not parse"},
		{"list too large", strings.Repeat("# 45678\n", MaxSize/8), Entry{Identity: nas}, "would not parse"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "allowlist")
			write(t, path, c.text)
			err := NewStore(path).Add(t.Context(), c.entry)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if got, _ := os.ReadFile(path); string(got) != c.text {
				t.Errorf("the file became %q", got)
			}
		})
	}
}

func TestRemoveRefusesTornFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allowlist")
	write(t, path, "acme.example/nas\nacme.example/pri")
	removed, err := NewStore(path).Remove(t.Context(), id(t, "acme.example/nas"))
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || removed != nil {
		t.Errorf("removed %v, %v", removed, err)
	}
}

func TestIdentitiesComeBackInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allowlist")
	write(t, path, "acme.example/a\nacme.example/b\nacme.example/c\n")
	ids := []certauth.Identity{id(t, "acme.example/c"), id(t, "acme.example/x"), id(t, "acme.example/a")}
	removed, err := NewStore(path).Remove(t.Context(), ids...)
	if err != nil || len(removed) != 2 || removed[0] != ids[0] || removed[1] != ids[2] {
		t.Errorf("removed %v, %v", removed, err)
	}
}
