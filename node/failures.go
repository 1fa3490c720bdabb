package node

import (
	"errors"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/protocol"
)

// failures are what is to be said when a search finds nothing.
type failures struct {
	final     error   // what no other candidate can change
	refused   error   // the refusal that tells the most
	weight    int     // how much that is
	actual    peer.ID // another key at an address of the entry
	unreached error   // the dialler's errors at known addresses
}

// The weights of refusals.
const (
	nothingRefused = iota
	otherAtEntry   // another terminal is at an address that somebody has written down
	refusedByKnown // a terminal with a known key, or at a known address, refused or was refused
	refusedByNamed // one with a certificate of the name that is looked for was refused
)

func (f *failures) refusedByExpected() bool { return f.weight >= refusedByKnown }

// add records the failure of an attempt to meet id.
func (f *failures) add(id certauth.Identity, o outcome) {
	var refused *protocol.RefusedError
	switch {
	case errors.As(o.err, &refused):
		f.addRefusal(id, o, refused)
	case errors.As(o.err, new(*unreachedError)):
		if actual := otherKey(o.err); actual != "" && o.source == fromEntry {
			f.actual = actual
		}
		if o.source != fromStranger {
			f.unreached = errors.Join(f.unreached, o.err)
		}
	default: // something of this terminal
		f.final = o.err
	}
}

func (f *failures) addRefusal(id certauth.Identity, o outcome, refused *protocol.RefusedError) {
	weight := nothingRefused
	switch other := refused.Reason == protocol.OtherTerminal || refused.Reason == protocol.OwnIdentity; {
	case refused.Own, refused.Peer == id && isVerdict(refused.Reason):
		f.final = o.err
		return
	case refused.Peer == id:
		weight = refusedByNamed
	case (other || o.rekeyed) && o.source == fromEntry:
		weight = otherAtEntry
	case !other && !o.rekeyed && o.source != fromStranger:
		weight = refusedByKnown
	}
	if weight > f.weight {
		f.refused, f.weight = o.err, weight
	}
}

// isVerdict reports whether the reason is one for which the terminal has to have proven who it is.
func isVerdict(r protocol.Reason) bool {
	return r == protocol.NotRegisteredHere || r == protocol.NotRegisteredThere
}
