package fleettest

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/pb"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/proto"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/util"

	"github.com/certexch/certexch/protocol"
)

// relayed counts what a relay has seen.
type relayed struct {
	relay.MetricsTracer
	bytes, requests atomic.Int64
}

func (r *relayed) RelayStatus(bool)                    {}
func (r *relayed) ConnectionOpened()                   {}
func (r *relayed) ConnectionClosed(time.Duration)      {}
func (r *relayed) ConnectionRequestHandled(pb.Status)  { r.requests.Add(1) }
func (r *relayed) ReservationAllowed(bool)             {}
func (r *relayed) ReservationClosed(int)               {}
func (r *relayed) ReservationRequestHandled(pb.Status) {}
func (r *relayed) BytesTransferred(n int)              { r.bytes.Add(int64(n)) }
func (r *relayed) Write(p []byte) (int, error)         { r.bytes.Add(int64(len(p))); return len(p), nil }

// relayProgram is a relay of one of three kinds. To each line it answers with the requests for a way to
// somebody and the application's bytes that it has seen. An argument after the kind is an address that
// it connects to, so as to have a connection by which to reach who is there.
func relayProgram(args []string) error {
	h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/0.0.0.0/tcp/4001"), libp2p.DisableRelay(), libp2p.DisableMetrics(),
		libp2p.ResourceManager(&network.NullResourceManager{}))
	if err != nil {
		return err
	}
	defer h.Close()
	var seen relayed
	switch options := []relay.Option{relay.WithMetricsTracer(&seen)}; args[0] {
	case "infinite":
		options = append(options, relay.WithInfiniteLimits())
		fallthrough
	case "default":
		service, err := relay.New(h, options...)
		if err != nil {
			return err
		}
		defer service.Close()
	case "lying":
		h.SetStreamHandler(proto.ProtoIDv2Hop, func(s network.Stream) { _ = lie(h, s, &seen) })
	default:
		return fmt.Errorf("no kind of relay: %q", args[0])
	}
	fmt.Printf("ready %s\n", h.ID())
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if addr := lines.Text(); addr != "" {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			info, err := peer.AddrInfoFromString(addr)
			if err == nil {
				err = h.Connect(ctx, *info)
			}
			cancel()
			if err != nil {
				return err
			}
		}
		fmt.Printf("%d %d\n", seen.requests.Load(), seen.bytes.Load())
	}
	return nil
}

// lyingLimit is what the lying relay carries, having said that there is no limit.
const lyingLimit = 1 << 20

// lie answers a request as a relay without limits, to whoever asks for whoever is connected.
func lie(h host.Host, s network.Stream, seen *relayed) error {
	defer s.Close()
	in, out := util.NewDelimitedReader(s, 4096), util.NewDelimitedWriter(s)
	var request pb.HopMessage
	if err := in.ReadMsg(&request); err != nil {
		return err
	}
	if request.GetType() == pb.HopMessage_RESERVE {
		expire := uint64(time.Now().Add(time.Hour).Unix())
		var addrs [][]byte
		for _, a := range h.Addrs() {
			addrs = append(addrs, a.Bytes())
		}
		return out.WriteMsg(&pb.HopMessage{Type: pb.HopMessage_STATUS.Enum(), Status: pb.Status_OK.Enum(),
			Reservation: &pb.Reservation{Expire: &expire, Addrs: addrs}})
	}
	seen.requests.Add(1)
	to, err := peer.IDFromBytes(request.GetPeer().GetId())
	if err != nil {
		return err
	}
	status := pb.Status_OK
	there, err := stop(h, s.Conn().RemotePeer(), to)
	if err != nil {
		status = pb.Status_CONNECTION_FAILED
	}
	if err := out.WriteMsg(&pb.HopMessage{Type: pb.HopMessage_STATUS.Enum(), Status: &status}); err != nil || status != pb.Status_OK {
		return errors.Join(err, s.Reset())
	}
	go func() {
		_, _ = io.CopyN(io.MultiWriter(there, seen), s, lyingLimit)
		_ = there.CloseWrite()
	}()
	_, err = io.CopyN(io.MultiWriter(s, seen), there, lyingLimit)
	return err
}

// stop asks who is at the other end to take a connection that is relayed.
func stop(h host.Host, from, to peer.ID) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	there, err := h.NewStream(network.WithNoDial(ctx, "relay"), to, proto.ProtoIDv2Stop)
	if err != nil {
		return nil, err
	}
	_ = there.SetReadDeadline(time.Now().Add(5 * time.Second))
	answer := pb.StopMessage{}
	err = util.NewDelimitedWriter(there).WriteMsg(&pb.StopMessage{Type: pb.StopMessage_CONNECT.Enum(), Peer: &pb.Peer{Id: []byte(from)}})
	if err == nil {
		err = util.NewDelimitedReader(there, 4096).ReadMsg(&answer)
	}
	if err == nil && answer.GetStatus() != pb.Status_OK {
		err = errors.New(answer.GetStatus().String())
	}
	if err != nil {
		return nil, errors.Join(err, there.Reset())
	}
	return there, there.SetReadDeadline(time.Time{})
}

// plainHost is a libp2p host with the key of a terminal, as others have it: it lets itself be relayed.
func plainHost(keyFile string) (host.Host, error) {
	text, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no key")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, err := crypto.UnmarshalEd25519PrivateKey(key.(ed25519.PrivateKey))
	if err != nil {
		return nil, err
	}
	return libp2p.New(libp2p.Identity(private), libp2p.NoListenAddrs, libp2p.EnableRelay(), libp2p.DisableMetrics(),
		libp2p.ResourceManager(&network.NullResourceManager{}))
}

// reserveProgram takes a place at a relay, with a terminal's key, and answers there what it is asked.
func reserveProgram(args []string) error {
	h, err := plainHost(args[0])
	if err != nil {
		return err
	}
	defer h.Close()
	h.SetStreamHandler(protocol.ID, func(s network.Stream) {
		_, _ = io.Copy(s, s)
		_ = s.Close()
	})
	at, err := peer.AddrInfoFromString(args[1])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := h.Connect(ctx, *at); err != nil {
		return err
	}
	if _, err := client.Reserve(ctx, h, *at); err != nil {
		return err
	}
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// askProgram speaks to who is at an address, a relayed one too, and fails if nobody answers.
func askProgram(args []string) error {
	h, err := plainHost(args[0])
	if err != nil {
		return err
	}
	defer h.Close()
	to, err := peer.AddrInfoFromString(args[1])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(network.WithAllowLimitedConn(context.Background(), "test"), 10*time.Second)
	defer cancel()
	if err := h.Connect(ctx, *to); err != nil {
		return err
	}
	s, err := h.NewStream(ctx, to.ID, protocol.ID)
	if err != nil {
		return err
	}
	_ = s.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := s.Write([]byte("hello")); err != nil {
		return err
	}
	_, err = io.ReadFull(s, make([]byte, 5))
	return err
}
