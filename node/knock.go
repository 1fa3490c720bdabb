package node

import (
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/control"
	"github.com/certexch/certexch/internal/durable"
	"github.com/certexch/certexch/internal/home"
	"github.com/certexch/certexch/protocol"
)

// Knock is a member that tried to meet this terminal and is not registered here.
type Knock = control.Knock

// maxKnocks is how many terminals are remembered; whoever knocked longest ago makes room.
const maxKnocks = 64

// knocks remembers who has knocked, across restarts.
type knocks struct {
	file string

	mu    sync.Mutex
	known []Knock // by time of the last knock, ascending
	dirty bool

	told complaint
}

// load reads what an earlier process has left. What cannot be read is forgotten: it is there for people to
// look at.
func (k *knocks) load() error {
	known, err := readKnocks(k.file)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known = known
	return err
}

// add notes a knock.
func (k *knocks) add(id certauth.Identity, conn network.Conn, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	knock := Knock{Identity: id.String(), First: now.UTC()}
	if i := slices.IndexFunc(k.known, func(known Knock) bool { return known.Identity == knock.Identity }); i >= 0 {
		knock = k.known[i]
		k.known = slices.Delete(k.known, i, i+1)
	}
	knock.PeerID, knock.Address = conn.RemotePeer().String(), conn.RemoteMultiaddr().String()
	knock.Last = now.UTC()
	knock.Times++
	k.known = append(k.known, knock)
	k.known = k.known[max(0, len(k.known)-maxKnocks):]
	k.dirty = true
}

// all returns who is known.
func (k *knocks) all() []Knock {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.known)
}

// save writes what is new. It is not called for each knock: they come as often as others like.
func (k *knocks) save() error {
	known := k.unsaved()
	if known == nil {
		return nil
	}
	text, err := json.MarshalIndent(known, "", "  ")
	if err == nil {
		err = durable.WriteFile(k.file, append(text, '\n'), 0o600)
	}
	if err != nil {
		k.mu.Lock()
		k.dirty = true
		k.mu.Unlock()
	}
	return err
}

// unsaved takes what is to be saved; nil if that has been done.
func (k *knocks) unsaved() []Knock {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.dirty {
		return nil
	}
	k.dirty = false
	return slices.Clone(k.known)
}

// maxKnocksFile bounds the file: each of its entries is far below a kilobyte.
const maxKnocksFile = maxKnocks << 10

func readKnocks(file string) ([]Knock, error) {
	text, err := home.ReadFile(file, maxKnocksFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var known []Knock
	if err := json.Unmarshal(text, &known); err != nil {
		return nil, err
	}
	return known, nil
}

// Pending returns the members that have tried to meet the terminal of a home and are not registered there at now,
// with the key that they had, the latest first.
func Pending(at Home, now time.Time) ([]Knock, error) {
	known, err := readKnocks(at.Knocks())
	if err != nil {
		return nil, err
	}
	list, err := allowlist.NewStore(at.Allowlist()).Load()
	if err != nil {
		return nil, err
	}
	return unregistered(list, known, now), nil
}

// unregistered are those of known whom list does not register at now, the latest first.
func unregistered(list *allowlist.List, known []Knock, now time.Time) []Knock {
	pending := []Knock{}
	for _, k := range slices.Backward(known) {
		id, err := certauth.ParseIdentity(k.Identity)
		if err != nil {
			continue
		}
		var hash [32]byte // of no key
		if p, err := peer.Decode(k.PeerID); err == nil {
			hash, _ = keyHashOf(p)
		}
		if list.Registered(id, hash, now) != nil {
			pending = append(pending, k)
		}
	}
	return pending
}

// noteKnock remembers a peer that has proven to be a member and is not registered here.
func (t *Terminal) noteKnock(l *link) {
	if l.conn.Stat().Direction != network.DirInbound {
		return
	}
	if id := knocked(l.session, l.err); !id.IsZero() {
		t.knocks.add(id, l.conn, t.env.Now())
	}
}

// knocked is whom an exchange has proven to be a member that is not registered, if it has.
func knocked(session *protocol.Session, err error) certauth.Identity {
	var refused *protocol.RefusedError
	switch {
	case err == nil && session.Ours() == protocol.Member:
		return session.Peer().Identity()
	case errors.As(err, &refused) && refused.Reason == protocol.NotRegisteredHere && !refused.ByPeer:
		return refused.Peer
	}
	return certauth.Identity{}
}

// saveKnocks writes who has knocked since the last time.
func (t *Terminal) saveKnocks() {
	if err := t.knocks.save(); t.knocks.told.news(err) {
		t.log.Error("who has knocked is not kept", "error", err.Error())
	}
}
