package node

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	libp2p "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libp2pprotocol "github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multiaddr"

	"github.com/certexch/certexch/allowlist"
	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/home"
	"github.com/certexch/certexch/internal/host"
	"github.com/certexch/certexch/internal/release"
	"github.com/certexch/certexch/internal/share"
	"github.com/certexch/certexch/internal/transfer"
	"github.com/certexch/certexch/protocol"
)

// Version is what this build calls itself, to peers too.
const Version = release.Version

// Environment is what a terminal takes from the world around it.
type Environment struct {
	// Now is the clock that validity is judged by.
	Now func() time.Time
	// Rand is the source of nonces, keys and salts.
	Rand io.Reader
	// Log receives one record for each event. Nil: silent.
	Log *slog.Logger
	// Idle is how long a transfer may make no progress before it is given up. Zero: 15 s.
	Idle time.Duration
	// Ready, unless nil, is called once Run listens, for peers and for the commands of this machine.
	Ready func()
}

func (e Environment) idle() time.Duration {
	if e.Idle == 0 {
		return defaultIdle
	}
	return e.Idle
}

// System is the environment of a real terminal, logging to log.
func System(log *slog.Logger) Environment {
	return Environment{Now: time.Now, Rand: rand.Reader, Log: log}
}

// Terminal is this device as a member of its trust domain: it serves its shares while Run runs, and
// dials other terminals. It is safe for concurrent use.
type Terminal struct {
	home   Home
	cfg    atomic.Pointer[Config]
	begun  Config // cfg at the start
	listen []multiaddr.Multiaddr
	env    Environment
	log    *slog.Logger

	keys      home.Keys
	identity  certauth.Identity
	trust     *home.Trust
	allowlist *allowlist.Store

	trustComplaint, listComplaint, bookComplaint, multicastComplaint complaint

	shares    share.Live // nothing but while Run runs
	knocks    knocks
	reloading sync.Mutex // guards serving; held while the shares are changed
	serving   bool       // Run runs
	since     time.Time  // when Run began

	links  links
	ctx    context.Context // ends with Close; streams and exchanges of peers live in it
	cancel context.CancelFunc

	goroutines goroutines // all but Run
	runs       goroutines // Run, which closes the terminal itself

	starting sync.Mutex // held while the host is being made
	mu       sync.Mutex // guards what follows; peers that connect ask for it
	host     libp2p.Host
	closed   bool
}

// New checks everything that can be checked without acting: configuration, keys, certificate, trust,
// allowlist, who else can write to them, and the shares as they are written; CheckShares looks at the
// folders. It opens no socket and writes nothing. The error says what is missing and what to do:
// *ConfigError, *NotReadyError, *OwnCertificateError, *TrustError, *allowlist.SyntaxError,
// *durable.PermissionError, or one of the file system.
func New(at Home, cfg Config, env Environment) (*Terminal, error) {
	if env.Now == nil || env.Rand == nil {
		return nil, errors.New("node: no clock or no randomness")
	}
	if problem := cfg.problem(); problem != "" {
		return nil, &ConfigError{File: at.Config, Problem: problem}
	}
	t := &Terminal{home: at, begun: cfg, env: env, log: env.Log, knocks: knocks{file: at.Knocks()}}
	t.cfg.Store(&cfg)
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t, nil
}

func (t *Terminal) check() (err error) {
	cfg := t.cfg.Load()
	if t.listen, err = cfg.listen(); err != nil {
		return err
	}
	if t.keys, err = home.LoadKeys(t.home); err != nil {
		return err
	}
	if err := home.CheckPrivate(t.home); err != nil {
		return err
	}
	t.trust = home.NewTrust(t.home, cfg.allowStale(), t.env.Now)
	roots, err := t.trust.Load()
	if err != nil {
		return err
	}
	own, err := home.OwnCertificate(t.home, t.keys, roots, t.env.Now())
	if err != nil {
		return err
	}
	t.identity = own.Identity()
	t.allowlist = allowlist.NewStore(t.home.Allowlist())
	if _, err := t.allowlist.Load(); err != nil {
		return err
	}
	if err := share.Validate(cfg.Shares, t.identity.TrustDomain()); err != nil {
		return &ConfigError{File: t.home.Config, Problem: err.Error()}
	}
	return nil
}

// Identity is this terminal's identity.
func (t *Terminal) Identity() certauth.Identity { return t.identity }

// exchangeConfig is the policy and the credentials for one exchange, as they are now: a new
// certificate, list or allowlist governs the exchanges that follow. A certificate for another identity is shown
// to nobody: everything else of this terminal goes by the one that it began with.
func (t *Terminal) exchangeConfig(expect certauth.Identity) (protocol.Config, error) {
	der, id, err := home.ShownCertificate(t.home)
	if err != nil {
		return protocol.Config{}, err
	}
	if id != t.identity {
		return protocol.Config{}, t.renamed(id)
	}
	return protocol.Config{
		Policy:      t.policy(),
		Credentials: t.credentials(der),
		Expect:      expect,
		Rand:        t.env.Rand,
		Encapsulate: protocol.Encapsulate,
	}, nil
}

func (t *Terminal) credentials(certificate []byte) protocol.Credentials {
	return protocol.Credentials{Certificate: certificate, Signing: t.keys.Signing, Sealing: t.keys.Sealing}
}

// policy is what is required of peers, as it is when it is asked.
func (t *Terminal) policy() protocol.Policy {
	return protocol.Policy{Now: t.env.Now, Roots: t.roots, Registered: t.registered, Private: t.cfg.Load().Private}
}

// roots are the trusted authorities as they are now: nil, so that nobody is trusted, while the trust folder does not
// verify.
func (t *Terminal) roots() *certauth.Roots {
	roots, err := t.trust.Load()
	if t.trustComplaint.news(err) {
		t.log.Error("nobody is trusted: the trust folder does not verify", "error", err.Error())
	}
	return roots
}

// registered reports whether the allowlist, as it is now, holds the terminal.
func (t *Terminal) registered(cert *certauth.Certificate) bool {
	return t.registeredIn(t.list())(cert)
}

func (t *Terminal) registeredIn(list *allowlist.List) func(*certauth.Certificate) bool {
	return func(cert *certauth.Certificate) bool {
		return list.Registered(cert.Identity(), cert.KeyHash(), t.env.Now()) == nil
	}
}

// list is the allowlist as it is now: the last complete one while its file is not, and nobody when
// there is no file.
func (t *Terminal) list() *allowlist.List {
	list, err := t.allowlist.Current()
	if t.listComplaint.news(err) {
		t.log.Error("the allowlist is not as it should be", "file", t.home.Allowlist(), "error", err.Error())
	}
	return list
}

// start makes the libp2p host, once. Without addresses nobody can connect to it.
func (t *Terminal) start(listen []multiaddr.Multiaddr) (libp2p.Host, error) {
	t.starting.Lock()
	defer t.starting.Unlock()
	if h, err := t.started(); h != nil || err != nil {
		if err == nil && len(listen) > 0 {
			err = errors.New("node: Run after Dial")
		}
		return h, err
	}
	limits := t.cfg.Load().Limits
	h, err := host.New(host.Config{
		Key:        t.keys.Signing,
		Listen:     listen,
		UserAgent:  "certexch/" + Version,
		MaxConns:   limits.Connections,
		MaxStreams: map[libp2pprotocol.ID]int{protocol.DataID: limits.Streams},
		Setup:      t.setup,
	})
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, errors.Join(ErrClosed, h.Close())
	}
	t.host = h
	t.goroutines.start(t.judgeSessions)
	t.goroutines.start(t.keepRecords)
	return h, nil
}

// started returns the host, if there is one already.
func (t *Terminal) started() (libp2p.Host, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, ErrClosed
	}
	return t.host, nil
}

// ErrClosed is returned by what is done with a Terminal or a Peer after its Close.
var ErrClosed = transfer.ErrClosed

// setup registers the protocols before the first peer can connect.
func (t *Terminal) setup(h libp2p.Host) {
	h.Network().Notify(&network.NotifyBundle{ConnectedF: t.connected, DisconnectedF: t.disconnected})
	h.SetStreamHandler(protocol.ID, t.onExchange)
	h.SetStreamHandler(protocol.DataID, t.onData)
}

// Close ends all sessions, telling the peers, and waits until everything has ended, Run too. The terminal
// is of no more use. Environment.Ready must not call it.
func (t *Terminal) Close() error {
	err := t.close()
	t.runs.wait()
	return err
}

// close is Close but for the waiting for Run.
func (t *Terminal) close() error {
	t.mu.Lock()
	h := t.host
	t.closed, t.host = true, nil
	t.mu.Unlock()
	t.links.goodbye(protocol.GoodbyeDone)
	t.cancel()
	var err error
	if h != nil {
		err = h.Close()
	}
	t.goroutines.wait()
	return err
}

// PeerID is the libp2p peer ID that follows from the signing key.
func (t *Terminal) PeerID() peer.ID { return peerID(t.keys) }

func peerID(k home.Keys) peer.ID {
	public, err := crypto.UnmarshalEd25519PublicKey(k.Signing.Public().(ed25519.PublicKey))
	if err != nil { // an Ed25519 key has 32 bytes
		panic("node: " + err.Error())
	}
	id, err := peer.IDFromPublicKey(public)
	if err != nil {
		panic("node: " + err.Error())
	}
	return id
}
