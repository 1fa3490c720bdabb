package control

import "time"

// Op is what a request wants.
type Op string

// The operations. What is not one of them is refused.
const (
	// OpHello asks for the Hello.
	OpHello Op = "hello"
	// OpStatus asks for the Status.
	OpStatus Op = "status"
	// OpReload reads configuration, certificate, lists and allowlist again.
	OpReload Op = "reload"
	// OpPending asks for the Knocks.
	OpPending Op = "pending"
	// OpOpen opens a data channel to the terminal Identity, at Addrs or wherever it is found.
	OpOpen Op = "open"
)

// Request is the first block of a connection.
type Request struct {
	Op       Op       `json:"op"`
	Identity string   `json:"identity,omitempty"`
	Addrs    []string `json:"addrs,omitempty"`
	// Timeout is how long a session may take to stand, in milliseconds.
	Timeout int64 `json:"timeout_ms,omitempty"`
}

// Hello says who answers.
type Hello struct {
	Identity string `json:"identity"`
	Version  string `json:"version"`
}

// Reloaded is the answer to an OpReload.
type Reloaded struct {
	// Restart names what has changed and counts after a restart only.
	Restart []string `json:"restart"`
}

// Status is what the running terminal says of itself.
type Status struct {
	Identity  string    `json:"identity"`
	PeerID    string    `json:"peer_id"`
	Version   string    `json:"version"`
	Since     time.Time `json:"since"`
	Expires   time.Time `json:"certificate_expires"`
	Addresses []string  `json:"addresses"`
	Shares    []string  `json:"shares"`
	Lists     []List    `json:"revocation_lists"`
	Sessions  []Session `json:"sessions"`
	// More is how many more sessions stand than are listed: 1000 are at most.
	More     int      `json:"sessions_more,omitempty"`
	Problems []string `json:"problems"`
}

// List is the revocation list in force of one authority.
type List struct {
	TrustDomain string    `json:"trust_domain"`
	Number      uint64    `json:"number"`
	Expires     time.Time `json:"expires"`
}

// Session is one connection on which an exchange has succeeded.
type Session struct {
	Identity string `json:"identity"`
	PeerID   string `json:"peer_id"`
	Address  string `json:"address"`
	// Direction is "in" if the other terminal dialled, and "out" if this one did.
	Direction string    `json:"direction"`
	Since     time.Time `json:"since"`
	// Ours is what this terminal says of the other, and Theirs what that says of this one:
	// "registered" or "member".
	Ours   string `json:"ours"`
	Theirs string `json:"theirs"`
}

// Knock is a member that tried to meet this terminal and is not registered here.
type Knock struct {
	Identity string    `json:"identity"`
	PeerID   string    `json:"peer_id"`
	Address  string    `json:"address"` // that it came from
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Times    int       `json:"times"`
}

// maxSessions bounds the sessions of an answer, which is at most maxJSON.
const maxSessions = 1000

// short cuts off the sessions that are too many for one answer.
func (s Status) short() Status {
	if n := len(s.Sessions); n > maxSessions {
		s.Sessions, s.More = s.Sessions[:maxSessions], n-maxSessions
	}
	return s
}

// maxAddrs bounds the addresses of a request.
const maxAddrs = 64
