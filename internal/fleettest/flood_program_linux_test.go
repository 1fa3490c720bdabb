package fleettest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/certexch/certexch/protocol"
)

// flood opens things at a server and holds them, again and again, until it is over.
type flood struct {
	target  peer.AddrInfo
	from    []net.IP
	over    time.Time
	opened  atomic.Int64
	refused atomic.Int64
}

// floodProgram takes the server's address, the kind of flood, how many at once, for how long, and the
// addresses to come from. It prints a line at once, and one when the last has been ended by the server: how
// many were opened, and how many refused.
func floodProgram(args []string) error {
	info, err := peer.AddrInfoFromString(args[0])
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	lasts, err := time.ParseDuration(args[3])
	if err != nil {
		return err
	}
	f := &flood{target: *info, over: time.Now().Add(lasts)}
	for _, a := range args[4:] {
		f.from = append(f.from, net.ParseIP(a))
	}
	work, ok := map[string]func(*flood, int) error{
		"silent":  func(f *flood, i int) error { return f.hold(i, nil) },
		"slow":    func(f *flood, i int) error { return f.hold(i, []byte("\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n")) },
		"half":    func(f *flood, i int) error { return f.hold(i, halfHello) },
		"streams": func(f *flood, i int) error { return f.streams(i, dawdle) },
		"full":    func(f *flood, i int) error { return f.streams(i, fill) },
	}[args[1]]
	if !ok {
		return errors.New("no such flood")
	}
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			for time.Now().Before(f.over) {
				if work(f, i) != nil {
					f.refused.Add(1)
					time.Sleep(time.Second) // it shares the processor with the server here
				}
			}
		})
	}
	fmt.Println("begun")
	all.Wait()
	fmt.Println(f.opened.Load(), f.refused.Load())
	return nil
}

// halfHello is the beginning of what a client says: all but the end of a TLS record of 512 bytes.
var halfHello = append([]byte("\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), make([]byte, 200)...)

// hold keeps a connection until the server ends it. What is to be said is said at a byte a second if it
// is short, or at once.
func (f *flood) hold(i int, say []byte) error {
	addr, err := manet.ToNetAddr(f.target.Addrs[0])
	if err != nil {
		return err
	}
	d := net.Dialer{Timeout: 5 * time.Second, LocalAddr: &net.TCPAddr{IP: f.from[i%len(f.from)]}}
	c, err := d.Dial("tcp", addr.String())
	if err != nil {
		return err
	}
	defer c.Close()
	began := time.Now()
	go func() {
		if len(say) > 100 {
			_, _ = c.Write(say)
			return
		}
		for _, b := range say {
			if _, err := c.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(time.Second)
		}
	}()
	_, _ = io.Copy(io.Discard, c)
	return f.lived(time.Since(began))
}

// lived records that something was open. What ended at once was refused.
func (f *flood) lived(d time.Duration) error {
	if d < 50*time.Millisecond {
		return errors.New("refused")
	}
	f.opened.Add(1)
	return nil
}

// streamsPerConn is how many streams each connection of a flood of streams has.
const streamsPerConn = 100

// streams opens a connection that is secured, and on it streams, for which nothing good is planned.
func (f *flood) streams(i int, use func(network.Stream, int)) error {
	h, err := f.newHost(i)
	if err != nil {
		return err
	}
	defer h.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := h.Connect(ctx, f.target); err != nil {
		return err
	}
	conn := h.Network().ConnsToPeer(f.target.ID)
	if len(conn) == 0 {
		return errors.New("refused")
	}
	began := time.Now()
	var open sync.WaitGroup
	for j := range streamsPerConn {
		s, err := conn[0].NewStream(ctx)
		if err != nil {
			break
		}
		open.Go(func() { use(s, j) })
	}
	open.Wait()
	took := time.Since(began)
	if pause := 5 * time.Second; time.Now().Add(pause).Before(f.over) {
		time.Sleep(pause) // connecting costs the server's processor as much as the flood's
	}
	return f.lived(took)
}

func (f *flood) newHost(i int) (host.Host, error) {
	ip := f.from[i%len(f.from)]
	return libp2p.New(libp2p.NoListenAddrs, libp2p.DisableMetrics(), libp2p.DisableRelay(),
		libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.AddrsFactory(func([]multiaddr.Multiaddr) []multiaddr.Multiaddr { return nil }),
		libp2p.Transport(tcp.NewTCPTransport, tcp.DisableReuseport(), tcp.WithDialerForAddr(
			func(multiaddr.Multiaddr) (tcp.ContextDialer, error) {
				return &net.Dialer{LocalAddr: &net.TCPAddr{IP: ip}}, nil
			})))
}

// fill makes the server hold as much as it takes: an exchange that has begun, and streams that wait for it.
func fill(s network.Stream, number int) {
	defer s.Reset()
	id := string(protocol.DataID)
	if number == 0 {
		id = string(protocol.ID)
	}
	_, _ = s.Write([]byte(asking(id)))
	if number > 0 {
		_ = s.SetWriteDeadline(time.Now().Add(10 * time.Second))
		_, _ = s.Write(make([]byte, 250<<10))
	}
	_, _ = io.Copy(io.Discard, s)
}

// asking is how a stream begins that is for a protocol.
func asking(id string) string {
	return "\x13/multistream/1.0.0\n" + string(rune(len(id)+1)) + id + "\n"
}

// dawdle holds a stream until the server ends it.
func dawdle(s network.Stream, kind int) {
	defer s.Reset()
	ask := asking(string(protocol.ID))
	switch kind % 4 {
	case 0: // says nothing
	case 1: // half a name of a protocol
		_, _ = s.Write([]byte(ask[:len(ask)-4]))
	case 2: // the exchange, without a message
		_, _ = s.Write([]byte(ask))
	case 3: // slowly
		for _, b := range []byte(strings.Repeat(ask, 4)) {
			if _, err := s.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(time.Second)
		}
	}
	_, _ = io.Copy(io.Discard, s)
}
