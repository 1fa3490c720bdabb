package host

import (
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// stranger is a peer with no connection that somebody has asked to keep, and the streams that it has opened.
// Each may fill a window before anybody reads it, so all strangers together get few. Those that this side has
// dialled are counted by themselves: their connections cannot be ended to make room for whoever comes.
type stranger struct {
	peer    peer.ID
	streams int
	dialled bool // it had not come when it opened the first
	known   bool // one of its connections is kept, and its streams count no more
}

// OpenStream counts a stream, and makes room for it if it may and must.
func (d *door) OpenStream(p peer.ID, dir network.Direction) (network.StreamManagementScope, error) {
	scope, err := d.ResourceManager.OpenStream(p, dir)
	if err != nil || dir != network.DirInbound {
		return scope, err
	}
	s, victim, err := d.enterStream(p)
	if err != nil {
		scope.Done()
		return nil, err
	}
	if victim != nil {
		_ = victim.connection.Close()
	}
	if s == nil {
		return scope, nil
	}
	return &visit{StreamManagementScope: scope, door: d, by: s}, nil
}

// enterStream counts a stream if it is a stranger's, and returns the connection to be ended for it.
func (d *door) enterStream(p peer.ID) (*stranger, *arrival, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known[p] > 0 {
		return nil, nil, nil
	}
	s := d.strangers[p]
	if s == nil {
		s = &stranger{peer: p, dialled: !d.came(p)}
	}
	if s.streams >= streamsPerStranger {
		return nil, nil, fmt.Errorf("too many streams of a stranger: %w", network.ErrResourceLimitExceeded)
	}
	if s.dialled && d.dialledStreams >= dialledStreams {
		return nil, nil, fmt.Errorf("too many streams of those that were dialled: %w", network.ErrResourceLimitExceeded)
	}
	var victim *arrival
	if !s.dialled && d.streams >= strangersStreams {
		if victim = d.busiest(); victim == nil || victim.peer == p {
			return nil, nil, fmt.Errorf("too many streams of strangers: %w", network.ErrResourceLimitExceeded)
		}
		d.leave(victim)
	}
	d.strangers[p] = s
	d.count(s, 1)
	return s, victim, nil
}

// count counts n more streams of a stranger, or fewer.
func (d *door) count(s *stranger, n int) {
	s.streams += n
	if s.dialled {
		d.dialledStreams += n
	} else {
		d.streams += n
	}
}

// came reports whether one of the newcomers is of this peer.
func (d *door) came(p peer.ID) bool {
	return slices.ContainsFunc(d.newcomers, func(a *arrival) bool { return a.peer == p })
}

// busiest is the oldest connection of the stranger with most streams.
func (d *door) busiest() (busiest *arrival) {
	most := 0
	for _, a := range d.newcomers {
		s := d.strangers[a.peer]
		if s != nil && a.connection != nil && s.streams > most {
			busiest, most = a, s.streams
		}
	}
	return busiest
}

// meet makes a peer known, as long as it has a connection that is kept.
func (d *door) meet(p peer.ID) {
	d.known[p]++
	if s := d.strangers[p]; s != nil {
		s.known = true
		d.count(s, -s.streams)
		delete(d.strangers, p)
	}
}

// part is called when a connection of a known peer has ended.
func (d *door) part(p peer.ID) {
	if d.known[p]--; d.known[p] <= 0 {
		delete(d.known, p)
	}
}

// visit is the scope of one stream that a stranger has opened.
type visit struct {
	network.StreamManagementScope
	door *door
	by   *stranger
	done bool
}

// Done is called when the stream has ended.
func (v *visit) Done() {
	v.door.mu.Lock()
	if !v.done && !v.by.known {
		v.door.count(v.by, -1)
		if v.by.streams == 0 {
			delete(v.door.strangers, v.by.peer)
		}
	}
	v.done = true
	v.door.mu.Unlock()
	v.StreamManagementScope.Done()
}
