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
	Identity  string    `json:"identity"`            // of the terminal
	PeerID    string    `json:"peer_id"`             // of its key, in libp2p
	Version   string    `json:"version"`             // of its program
	Since     time.Time `json:"since"`               // when it began to serve
	Expires   time.Time `json:"certificate_expires"` // zero if the certificate cannot be read
	Addresses []string  `json:"addresses"`           // where it is reached, as multiaddrs that end in PeerID
	Shares    []string  `json:"shares"`              // names of what it serves
	Lists     []List    `json:"revocation_lists"`    // one of each authority that has one
	Sessions  []Session `json:"sessions"`            // those that stand
	// More is how many more sessions stand than are listed: 1000 are at most.
	More     int      `json:"sessions_more,omitempty"`
	Problems []string `json:"problems"` // what somebody should see to, one sentence each
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
	Identity string    `json:"identity"` // proven
	PeerID   string    `json:"peer_id"`  // of the key that it had the last time
	Address  string    `json:"address"`  // that it came from then
	First    time.Time `json:"first"`    // when it came first
	Last     time.Time `json:"last"`     // and last
	Times    int       `json:"times"`    // how often it has come
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
