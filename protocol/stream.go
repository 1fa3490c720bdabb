package protocol

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multistream"
)

// This file alone knows libp2p: it runs the machine and the channels over streams of one connection.
// Streams are opened on the connection itself, never by peer ID, since a session belongs to the
// connection on which its keys were proven.

// Initiate runs an exchange on conn, which this side dialled. cfg.Peer is taken from conn. The error
// is a *RefusedError, or ctx's.
func Initiate(ctx context.Context, conn network.Conn, cfg Config) (*Session, *Control, error) {
	key, err := PeerKey(conn)
	if err != nil {
		return nil, nil, err
	}
	cfg.Peer = key
	m, err := NewInitiator(cfg)
	if err != nil {
		return nil, nil, err
	}
	s, err := openStream(ctx, conn, ID)
	if err != nil {
		return nil, nil, interrupted(ctx, err)
	}
	return complete(ctx, s, m, cfg.Rand)
}

// Respond runs an exchange on s, which the peer has opened for it. Otherwise it is as Initiate.
func Respond(ctx context.Context, s network.Stream, cfg Config) (*Session, *Control, error) {
	key, err := PeerKey(s.Conn())
	if err != nil {
		return nil, nil, turnAway(ctx, s, err)
	}
	cfg.Peer = key
	m, err := NewResponder(cfg)
	if err != nil {
		return nil, nil, turnAway(ctx, s, err)
	}
	return complete(ctx, s, m, cfg.Rand)
}

// complete runs the machine and turns the stream into the control stream.
func complete(ctx context.Context, t Transport, m *Machine, rand io.Reader) (*Session, *Control, error) {
	session, err := exchange(ctx, t, m)
	if err != nil {
		return nil, nil, err
	}
	control, err := session.Control(t, rand)
	if err != nil {
		_ = t.Reset()
		return nil, nil, err
	}
	return session, control, nil
}

// turnAway refuses a peer before there is a machine, when this side cannot take part. To the peer it
// looks like every refusal.
func turnAway(ctx context.Context, t Transport, reason error) error {
	stop := bound(ctx, t)
	defer stop()
	if _, err := ReadMessage(t); err == nil || isRefusal(err) {
		_ = refuseOver(t, time.Now())
	}
	_ = t.Reset()
	return reason
}

// PeerKey is the Ed25519 key that libp2p proved for this connection. Other kinds of keys are refused
// as KeyMismatch: no certificate can name them.
func PeerKey(conn network.Conn) (ed25519.PublicKey, error) {
	key := conn.RemotePublicKey()
	if key == nil || key.Type() != crypto.Ed25519 {
		return nil, refuseKey(conn)
	}
	raw, err := key.Raw()
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil, refuseKey(conn)
	}
	return raw, nil
}

func refuseKey(conn network.Conn) error {
	return &RefusedError{Reason: KeyMismatch, Err: fmt.Errorf("peer %s has no Ed25519 key", conn.RemotePeer())}
}

// OpenData opens a sealed stream of session on conn, the connection of its exchange. It fails as
// Session.DataAllowed does, with ctx's error, or with ErrBroken.
func OpenData(ctx context.Context, conn network.Conn, session *Session, rand io.Reader) (*Channel, error) {
	if err := session.DataAllowed(); err != nil {
		return nil, err
	}
	s, err := openStream(ctx, conn, DataID)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, broken(err)
	}
	return session.Open(s, rand)
}

// openStream opens a stream for id on conn. The name of the protocol travels with the first bytes that
// are written, which saves a round trip.
func openStream(ctx context.Context, conn network.Conn, id protocol.ID) (network.Stream, error) {
	s, err := conn.NewStream(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.SetProtocol(id); err != nil {
		_ = s.Reset()
		return nil, err
	}
	return &lazyStream{Stream: s, negotiated: multistream.NewMSSelect(s, id)}, nil
}

// lazyStream is a stream whose protocol is negotiated by its first write and read.
type lazyStream struct {
	network.Stream
	negotiated io.ReadWriter
}

func (s *lazyStream) Read(p []byte) (int, error)  { return s.negotiated.Read(p) }
func (s *lazyStream) Write(p []byte) (int, error) { return s.negotiated.Write(p) }
