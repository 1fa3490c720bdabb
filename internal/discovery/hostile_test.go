package discovery

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/certexch/certexch/internal/nettest"
)

// attacker is somebody else on the network.
type attacker struct {
	t     *testing.T
	group group
}

func newAttacker(t *testing.T, receive func([]byte, netip.AddrPort)) *attacker {
	t.Helper()
	a := &attacker{t: t, group: group{receive: receive}}
	if err := a.group.refresh(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.group.close)
	return a
}

func (a *attacker) send(packet []byte) {
	a.t.Helper()
	if err := a.group.send(a.group.joined()[0], packet); err != nil {
		a.t.Fatal(err)
	}
}

func ignore([]byte, netip.AddrPort) {}

// randomPeer returns the ID number n of terminals that there are not.
func randomPeer(t *testing.T, n int) peer.ID {
	t.Helper()
	id, err := peer.IDFromBytes(append([]byte{0, 36, 8, 1, 18, 32}, fmt.Appendf(nil, "%032d", n)...))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestC11FloodOfServices: under 1000 invented terminals a second the real one is found, and looking, being
// found and sending the flood take less than a fifth of a processor.
func TestC11FloodOfServices(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	const seconds, rate = 2, 1000
	service := Service(domain(t, "acme.example"))
	var packets [][]byte
	for n := range seconds * rate {
		packet, err := answer(service, instanceName(nil), randomPeer(t, n), addrs("/ip4/10.77.0.99/tcp/1"))
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, packet)
	}
	advertise(t, nil, anywhere...)
	evil, err := listen4() // and never reads, so that what is measured is ours
	if err != nil {
		t.Fatal(err)
	}
	defer evil.Close()
	device, err := net.InterfaceByName(nettest.Interface)
	if err != nil {
		t.Fatal(err)
	}
	if err := evil.options.SetMulticastInterface(device); err != nil {
		t.Fatal(err)
	}
	found := browse(t, "acme.example", (seconds+1)*time.Second)
	before, start := processorTime(t), time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for burst := range seconds * 100 {
		<-tick.C
		for n := range rate / 100 {
			if _, err := evil.WriteToUDP(packets[burst*rate/100+n], evil.group); err != nil {
				t.Fatal(err)
			}
		}
	}
	share := float64(processorTime(t)-before) / float64(time.Since(start))
	t.Logf("%.1f%% of a processor", 100*share)
	if share > 0.2 {
		t.Errorf("%.1f%% of a processor", 100*share)
	}
	if info := wait(t, found, "10.77.0.1/"); info.ID.String() != nas {
		t.Errorf("found %v", info)
	}
}

// TestC11FloodOfQuestions: however often somebody asks, an interface is answered on ten times a second, so
// nothing is gained by asking in another's name.
func TestC11FloodOfQuestions(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	service := Service(domain(t, "acme.example"))
	answered := make(chan time.Time, 10000)
	evil := newAttacker(t, func(packet []byte, _ netip.AddrPort) {
		if _, ok := answers(packet, service); ok {
			answered <- time.Now()
		}
	})
	advertise(t, nil, anywhere...)
	packet, err := question(service)
	if err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	start := time.Now()
	for time.Since(start) < time.Second {
		<-tick.C
		evil.send(packet)
	}
	most := 2 * (int(time.Since(start)/(100*time.Millisecond)) + 2) // over both families
	if n := len(answered); n == 0 || n > most {
		t.Errorf("%d answers, at most %d expected", n, most)
	}
}

// TestC11Malformed: what is no proper packet, or not for us, changes nothing.
func TestC11Malformed(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	service := Service(domain(t, "acme.example"))
	label, _, _ := strings.Cut(service, ".")
	good := record(t, "x."+service, 60, "dnsaddr=/ip4/10.77.0.66/tcp/66/p2p/"+printer)
	header := []byte{0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0}
	loop := append(append([]byte{}, header...), 0xc0, 12, 0, 16, 0, 1)
	huge := append([]byte{}, good...)
	huge[7] = 255 // 255 records
	long := append(append(append([]byte{}, header...), byte(len(label))), label...)
	long = append(long, 0, 0, 16, 0, 1, 0, 0, 0, 60, 0xff, 0xff) // and 64 KiB of text, it says
	bad := [][]byte{
		good[:len(good)-1], loop, huge, append(long, make([]byte, 8000)...), append(good, make([]byte, 9000)...),
		append([]byte(label), make([]byte, 60000)...), []byte(label), header,
		record(t, "x."+Service(domain(t, "other.example")), 60, "dnsaddr=/ip4/10.77.0.66/tcp/66/p2p/"+printer, label),
		record(t, "x."+service, 60, "dnsaddr=/ip4/198.51.100.1/tcp/1/p2p/"+printer), // not of this network
		record(t, "x."+service, 60, "dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/"+printer),
		record(t, "x."+service, 60, "dnsaddr=/ip4/10.77.0.66/tcp/1/p2p/"+printer+"\n"),
	}
	advertise(t, nil, anywhere...)
	found := browse(t, "acme.example", 2*time.Second)
	evil := newAttacker(t, ignore)
	for range 3 {
		for _, packet := range bad {
			evil.send(packet)
		}
	}
	for info := range found {
		if info.ID.String() != nas {
			t.Errorf("found %v", info)
		}
	}
	wait(t, browse(t, "acme.example", 5*time.Second), "10.77.0.1/")
}

// TestC11FromElsewhere: answers and questions count only from this network, and answers from mDNS's port.
func TestC11FromElsewhere(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	nettest.IP(t, "addr add 198.51.100.1/32 dev lo")
	service := Service(domain(t, "acme.example"))
	text := "dnsaddr=/ip4/10.77.0.66/tcp/66/p2p/" + printer
	found := browse(t, "acme.example", 2*time.Second)
	group := &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: port}
	nettest.IP(t, "route add 224.0.0.0/4 dev "+nettest.Interface)
	ourselves := &net.UDPAddr{IP: net.IPv4(10, 77, 0, 1), Port: port} // by unicast, as it can come from anywhere
	for _, from := range []string{"198.51.100.1:5353", "10.77.0.1:5454"} {
		conn := listenBeside(t, from)
		defer conn.Close()
		for _, to := range []*net.UDPAddr{group, group, ourselves, ourselves} {
			if _, err := conn.WriteTo(record(t, "x."+service, 60, text), to); err != nil {
				t.Fatal(err)
			}
		}
	}
	evil := newAttacker(t, ignore)
	evil.send(record(t, "x."+service, 60, "dnsaddr=/ip4/10.77.0.77/tcp/77/p2p/"+printer))
	heard := false
	for info := range found {
		if heard = true; !strings.Contains(fmt.Sprint(info.Addrs), "10.77.0.77") {
			t.Errorf("found %v", info)
		}
	}
	if !heard {
		t.Error("what comes from this network is not found either")
	}
}

// TestC11QuestionsFromElsewhere: who is not on this network is not answered, and so cannot have anybody flooded.
func TestC11QuestionsFromElsewhere(t *testing.T) {
	if !nettest.Alone(t) {
		return
	}
	nettest.IP(t, "addr add 198.51.100.1/32 dev lo")
	nettest.IP(t, "route add 224.0.0.0/4 dev "+nettest.Interface)
	service := Service(domain(t, "acme.example"))
	answered := make(chan struct{}, 1000)
	newAttacker(t, func(packet []byte, _ netip.AddrPort) {
		if _, ok := answers(packet, service); ok {
			answered <- struct{}{}
		}
	})
	advertise(t, nil, anywhere...)
	announced := time.After(pollEvery + time.Second) // of its own accord, over both families
	for waiting := true; waiting; {
		select {
		case <-answered:
		case <-announced:
			waiting = false
		}
	}
	packet, err := question(service)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from net.IP
		want bool
	}{{net.IPv4(198, 51, 100, 1), false}, {net.IPv4(10, 77, 0, 1), true}} {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: c.from})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.WriteToUDP(packet, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: port}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-answered:
			if !c.want {
				t.Errorf("%s was answered", c.from)
			}
		case <-time.After(time.Second):
			if c.want {
				t.Errorf("%s was not answered", c.from)
			}
		}
	}
}

// TestAskedByOthers: other programs ask too, for all types of records.
func TestAskedByOthers(t *testing.T) {
	service := Service(domain(t, "acme.example"))
	for _, c := range []struct {
		m    dnsmessage.Message
		want bool
	}{
		{dnsmessage.Message{Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName("_http._tcp.local."), Type: dnsmessage.TypePTR}, {Name: dnsmessage.MustNewName(service), Type: dnsmessage.TypeALL}}}, true},
		{dnsmessage.Message{Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(service), Type: dnsmessage.TypeA}}}, false},
		{dnsmessage.Message{Header: dnsmessage.Header{Response: true}, Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(service), Type: dnsmessage.TypePTR}}}, false},
		{dnsmessage.Message{}, false},
	} {
		packet, err := c.m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if got := asks(packet, service); got != c.want {
			t.Errorf("%+v: %v", c.m, got)
		}
	}
}
