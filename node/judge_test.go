package node_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/certtest"
	"github.com/certexch/certexch/node"
	"github.com/certexch/certexch/protocol"
)

// cutWithin is how long a session may outlive what it rests on (spec/certexch.md, section 9).
const cutWithin = 2 * time.Second

// endless is larger than what any of these tests lets pass.
const endless = 1 << 40

// reading is a terminal in the middle of a transfer that would never end.
type reading struct {
	nas, desk *fixture
	skew      atomic.Int64 // of both clocks, in seconds
	dial      func() (*node.Peer, error)
	content   *node.Content
}

func (r *reading) clock() time.Time {
	return certtest.Now.Add(time.Duration(r.skew.Load()) * time.Second)
}

func newReading(t *testing.T, authority *certtest.Authority, private bool) *reading {
	t.Helper()
	r := new(reading)
	r.nas = newFixtureUntil(t, authority, "nas", certtest.Now.Add(2*time.Hour))
	r.desk = newFixtureUntil(t, authority, "desk", certtest.Now.Add(time.Hour))
	r.nas.config.Private = private
	r.nas.now, r.desk.now = r.clock, r.clock
	r.nas.register(r.desk)
	r.desk.register(r.nas)
	r.nas.share("docs", "endless", "")
	check(t, os.Truncate(filepath.Join(r.nas.config.Shares[0].Path, "endless"), endless))
	addr, terminal := overTCP(t, r.nas.serve()), r.desk.terminal()
	r.dial = func() (*node.Peer, error) { return terminal.Dial(t.Context(), r.nas.identity, addr) }
	peer, err := r.dial()
	check(t, err)
	r.content, err = peer.Read(t.Context(), node.ReadRequest{Share: "docs", Path: "endless"})
	check(t, err)
	t.Cleanup(func() { r.content.Close() })
	r.readOn(t)
	return r
}

// readOn shows that content comes.
func (r *reading) readOn(t *testing.T) {
	t.Helper()
	if _, err := io.CopyN(io.Discard, r.content, 1<<20); err != nil {
		t.Fatal(err)
	}
}

// untilCut reads until the transfer ends, and returns when the last byte came and why it ended.
func (r *reading) untilCut() (last time.Time, err error) {
	buf := make([]byte, 64<<10)
	for {
		if _, err := r.content.Read(buf); err != nil {
			return last, err
		}
		last = time.Now()
	}
}

func remove(t *testing.T, from, other *fixture) {
	t.Helper()
	_, err := allowlist.NewStore(from.home.Allowlist()).Remove(t.Context(), other.identity)
	check(t, err)
}

// revoke installs a list at f that revokes other.
func revoke(t *testing.T, authority *certtest.Authority, f, other *fixture) {
	t.Helper()
	revoked := certauth.Revocations{Identities: []certauth.RevokedIdentity{{Hash: certtest.Hash(other.identity), Cutoff: certtest.Now}}}
	at := certtest.Now.Add(time.Second)
	der, err := authority.Issuer.SignCRL(revoked, uint64(at.Unix()), at, at.AddDate(0, 0, 30))
	check(t, err)
	bundle := certauth.Bundle{CRL: der}
	_, err = node.Install(f.home, bundle.PEM(), at, nil)
	check(t, err)
}

// B12, B13: whatever a session rests on, when it goes, the last byte of a running transfer comes within
// two seconds, the asking side learns as much as it may know, and no new session is had.
func TestB12LiveSessionIsCut(t *testing.T) {
	for name, c := range map[string]struct {
		private bool
		end     func(*testing.T, *certtest.Authority, *reading)
		want    protocol.RefusedError
		code    int
	}{
		"they remove us": {
			end:  func(t *testing.T, _ *certtest.Authority, r *reading) { remove(t, r.nas, r.desk) },
			want: protocol.RefusedError{Reason: protocol.NotRegisteredThere, ByPeer: true},
			code: node.CodeNotThere,
		},
		"they, private, remove us": {
			private: true,
			end:     func(t *testing.T, _ *certtest.Authority, r *reading) { remove(t, r.nas, r.desk) },
			want:    protocol.RefusedError{Reason: protocol.Refused, ByPeer: true},
			code:    node.CodeRefused,
		},
		"they remove us, who have a certificate for another identity by now": {
			end: func(t *testing.T, a *certtest.Authority, r *reading) {
				_, err := node.Install(r.desk.home, r.desk.certify(a, "attic", -time.Hour, time.Hour), certtest.Now, nil)
				check(t, err)
				remove(t, r.nas, r.desk)
			},
			want: protocol.RefusedError{Reason: protocol.NotRegisteredThere, ByPeer: true},
			code: node.CodeNotThere,
		},
		"we remove them": {
			end:  func(t *testing.T, _ *certtest.Authority, r *reading) { remove(t, r.desk, r.nas) },
			want: protocol.RefusedError{Reason: protocol.NotRegisteredHere},
			code: node.CodeNotHere,
		},
		"we are revoked, as they know": {
			end:  func(t *testing.T, a *certtest.Authority, r *reading) { revoke(t, a, r.nas, r.desk) },
			want: protocol.RefusedError{Reason: protocol.Refused, ByPeer: true},
			code: node.CodeRefused,
		},
		"they are revoked, as we know": {
			end:  func(t *testing.T, a *certtest.Authority, r *reading) { revoke(t, a, r.desk, r.nas) },
			want: protocol.RefusedError{Reason: protocol.CertificateRevoked},
			code: node.CodeRevoked,
		},
		"our certificate expires": {
			end:  func(_ *testing.T, _ *certtest.Authority, r *reading) { r.skew.Store(3601) },
			want: protocol.RefusedError{Reason: protocol.CertificateExpired, ByPeer: true, Own: true},
			code: node.CodeCertificate,
		},
		"their trust folder breaks": {
			end: func(t *testing.T, _ *certtest.Authority, r *reading) {
				check(t, os.WriteFile(filepath.Join(r.nas.home.State, "trust", "acme.example", "crl-1-00000000.pem"), []byte("?"), 0o600))
			},
			want: protocol.RefusedError{Reason: protocol.Refused, ByPeer: true},
			code: node.CodeRefused,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			authority := certtest.NewAuthority(t, "acme.example")
			r := newReading(t, authority, c.private)
			c.end(t, authority, r)
			began := time.Now()
			last, err := r.untilCut()
			if late := last.Sub(began); late > cutWithin {
				t.Errorf("a byte %v later", late)
			}
			var got *protocol.RefusedError
			if !errors.As(err, &got) || got.Reason != c.want.Reason || got.ByPeer != c.want.ByPeer || got.Own != c.want.Own {
				t.Fatalf("%v", err)
			}
			if f := node.Explain(err); f.Code != c.code || f.Text == "" {
				t.Errorf("%+v", f)
			}
			if p, err := r.dial(); err == nil {
				t.Errorf("a new session with %v", p.Identity())
			}
		})
	}
}

// E5: while the allowlist is half-written nothing changes, however long that takes, and what is whole
// again counts.
func TestE5HalfWrittenListCutsNobody(t *testing.T) {
	r := newReading(t, certtest.NewAuthority(t, "acme.example"), false)
	list := r.nas.home.Allowlist()
	whole, err := os.ReadFile(list)
	check(t, err)
	for _, half := range []string{"", "acme.example/other\n", "acme.example/ot"} {
		text := half + fmt.Sprint(r.desk.identity)[:5] // a last line without its end
		check(t, os.WriteFile(list, []byte(text), 0o600))
		began := time.Now()
		for time.Since(began) < cutWithin {
			r.readOn(t)
		}
	}
	check(t, os.WriteFile(list, whole, 0o600))
	r.readOn(t)
	check(t, os.WriteFile(list, []byte("acme.example/other\n"), 0o600))
	if _, err := r.untilCut(); node.Explain(err).Code != node.CodeNotThere {
		t.Errorf("%v", err)
	}
}

// B12: a session that is cut between two requests of many ends with its reason too.
func TestB12CutBetweenRequests(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas, desk := newFixture(t, authority, "nas"), newFixture(t, authority, "desk")
	nas.register(desk)
	desk.register(nas)
	nas.share("docs", "a", "hello")
	addr, terminal := overTCP(t, nas.serve()), desk.terminal()
	peer, err := terminal.Dial(t.Context(), nas.identity, addr)
	check(t, err)
	defer peer.Close()
	asked := 0
	err = peer.ReadAhead(t.Context(), func(wait bool) (node.ReadRequest, bool) {
		if wait {
			asked++
		}
		return node.ReadRequest{Share: "docs", Path: "a"}, wait && asked < 5
	}, func(c *node.Content, err error) error {
		if err == nil {
			_, err = io.Copy(io.Discard, c)
		}
		if asked == 2 {
			remove(t, nas, desk)
			for cut := false; !cut; { // until there is no session to be had
				again, err := terminal.Dial(t.Context(), nas.identity, addr)
				if cut = err != nil; !cut {
					check(t, again.Close())
				}
			}
		}
		return err
	})
	if f := node.Explain(err); f.Code != node.CodeNotThere {
		t.Errorf("%+v: %v", f, err)
	}
}

// C1: members that nobody has registered leave room for a terminal that is.
func TestC1MembersLeaveRoom(t *testing.T) {
	authority := certtest.NewAuthority(t, "acme.example")
	nas, desk := newFixture(t, authority, "nas"), newFixture(t, authority, "desk")
	nas.register(desk)
	desk.register(nas)
	nas.config.Limits.Connections = 4
	addr := overTCP(t, nas.serve())
	for n := range 4 {
		m := newStranger(t, authority.Terminal(t, fmt.Sprint("member", n)))
		_, control, err := protocol.Initiate(t.Context(), m.connect(t, addr), machineConfig(m.Terminal, nil, authority.Roots(t, certauth.Revocations{})))
		check(t, err)
		defer control.Close()
	}
	p, err := desk.terminal().Dial(t.Context(), nas.identity, addr)
	if err != nil {
		t.Fatalf("kept out: %+v", node.Explain(err))
	}
	check(t, p.Close())
}
