package demo

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"time"

	libp2p "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multistream"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/host"
	"github.com/certexch/certexch/node"
	"github.com/certexch/certexch/protocol"
)

// refuseStranger shows what somebody learns who knows the address and speaks the protocol, with a
// certificate from an authority that he made himself and gave the same name.
func (s *stage) refuseStranger(ctx context.Context) error {
	s.step("A stranger knows the address, speaks the protocol, and has an authority of his own with the same name.")
	stranger, err := newStranger()
	if err != nil {
		return err
	}
	defer stranger.host.Close()
	answer, err := stranger.exchange(ctx, s.first.home)
	if err != nil {
		return err
	}
	if refused := []byte{5, 0, 0}; !bytes.Equal(answer, refused) { // spec/certexch.md, REFUSED
		return fmt.Errorf("the demo failed: the stranger was answered %d bytes that are not REFUSED", len(answer))
	}
	if shown := stranger.shown(); strings.Contains(shown, domain) {
		return fmt.Errorf("the demo failed: the stranger was shown an identity: %s", shown)
	}
	s.found("All that comes back is REFUSED, the bytes %x: no certificate, no identity, no reason.", answer)
	return nil
}

// stranger is a host with keys and a certificate that nobody here trusts.
type stranger struct {
	host   libp2p.Host
	config protocol.Config
}

func newStranger() (*stranger, error) {
	_, signing, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	sealing, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		return nil, err
	}
	certificate, roots, err := certifyOneself(signing, sealing)
	if err != nil {
		return nil, err
	}
	h, err := host.New(host.Config{Key: signing})
	if err != nil {
		return nil, err
	}
	return &stranger{h, protocol.Config{
		Policy: protocol.Policy{
			Now:        time.Now,
			Roots:      func() *certauth.Roots { return roots },
			Registered: func(*certauth.Certificate) bool { return true },
		},
		Credentials: protocol.Credentials{Certificate: certificate, Signing: signing, Sealing: sealing},
		Rand:        rand.Reader,
		Encapsulate: protocol.Encapsulate,
	}}, nil
}

// certifyOneself makes an authority for the trust domain of the demo, and a certificate of it.
func certifyOneself(signing ed25519.PrivateKey, sealing hpke.PrivateKey) ([]byte, *certauth.Roots, error) {
	id, err := identity("second")
	if err != nil {
		return nil, nil, err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	from := time.Now().Truncate(time.Second)
	until := from.Add(time.Hour)
	der, err := certauth.NewRoot(id.TrustDomain(), key, from, until, rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	root, err := certauth.ParseRoot(der)
	if err != nil {
		return nil, nil, err
	}
	issuer, err := certauth.NewIssuer(root, key)
	if err != nil {
		return nil, nil, err
	}
	request := &certauth.Request{SigningKey: signing.Public().(ed25519.PublicKey), SealingKey: sealing.PublicKey().Bytes()}
	certificate, err := issuer.Certify(certauth.Grant{Request: request, Identity: id, Serial: [16]byte{1}, NotBefore: from, NotAfter: until})
	if err != nil {
		return nil, nil, err
	}
	list, err := issuer.SignCRL(certauth.Revocations{}, uint64(from.Unix()), from, until)
	if err != nil {
		return nil, nil, err
	}
	opened, err := root.OpenCRL(list, time.Now())
	if err != nil {
		return nil, nil, err
	}
	roots, err := certauth.NewRoots(certauth.Anchor{Root: root, CRLs: []*certauth.CRL{opened}})
	return certificate, roots, err
}

// exchange begins an exchange with the terminal of home, and returns everything that it answers.
func (x *stranger) exchange(ctx context.Context, home node.Home) ([]byte, error) {
	conn, err := x.connect(ctx, home)
	if err != nil {
		return nil, err
	}
	if x.config.Peer, err = protocol.PeerKey(conn); err != nil {
		return nil, err
	}
	machine, err := protocol.NewInitiator(x.config)
	if err != nil {
		return nil, err
	}
	hello, _, err := machine.Step(nil)
	if err != nil {
		return nil, err
	}
	stream, err := conn.NewStream(ctx)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	if err := stream.SetDeadline(time.Now().Add(protocol.ExchangeTimeout)); err != nil {
		return nil, err
	}
	if err := multistream.SelectProtoOrFail(protocol.ID, stream); err != nil {
		return nil, err
	}
	if _, err := stream.Write(hello); err != nil {
		return nil, err
	}
	answer, _ := io.ReadAll(stream) // it may end by a reset
	return answer, nil
}

func (x *stranger) connect(ctx context.Context, home node.Home) (network.Conn, error) {
	addrs, err := node.Addresses(home)
	if err != nil {
		return nil, err
	}
	info, err := peer.AddrInfoFromP2pAddr(addrs[0])
	if err != nil {
		return nil, err
	}
	if err := x.host.Connect(ctx, *info); err != nil {
		return nil, err
	}
	conns := x.host.Network().ConnsToPeer(info.ID)
	if len(conns) == 0 {
		return nil, fmt.Errorf("the connection to %s was closed at once", info.ID)
	}
	return conns[0], nil
}

// shown is what libp2p itself has told the stranger of its peers: versions, protocols, addresses.
func (x *stranger) shown() string {
	var b strings.Builder
	store := x.host.Peerstore()
	for _, id := range store.Peers() {
		agent, _ := store.Get(id, "AgentVersion")
		version, _ := store.Get(id, "ProtocolVersion")
		protocols, _ := store.GetProtocols(id)
		fmt.Fprintln(&b, agent, version, protocols, store.Addrs(id))
	}
	return b.String()
}
