package discovery

import (
	"slices"
	"strings"
	"testing"

	"github.com/multiformats/go-multiaddr"
	"golang.org/x/net/dns/dnsmessage"
)

const printer = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"

func TestService(t *testing.T) {
	acme, other := Service(domain(t, "acme.example")), Service(domain(t, "acme.example2"))
	label, _, _ := strings.Cut(acme, ".")
	if acme == other || strings.Contains(acme, "acme") || len(label) > 16 || !strings.HasSuffix(acme, "._udp.local.") {
		t.Errorf("%s, %s", acme, other)
	}
}

// TestC8OnlyPeerIDAndAddresses: what travels is the service, a random name, and the addresses with the
// peer ID.
func TestC8OnlyPeerIDAndAddresses(t *testing.T) {
	service := Service(domain(t, "acme.example"))
	listen := addrs("/ip4/192.0.2.1/tcp/1", "/ip6/2001:db8::1/udp/1/quic-v1")
	packet, err := answer(service, "instance", peerID(t, nas), listen)
	if err != nil {
		t.Fatal(err)
	}
	var m dnsmessage.Message
	if err := m.Unpack(packet); err != nil {
		t.Fatal(err)
	}
	if len(m.Questions)+len(m.Authorities) > 0 || len(m.Answers) != 1 || len(m.Additionals) != 1 {
		t.Errorf("%+v", m)
	}
	want := []string{"dnsaddr=/ip4/192.0.2.1/tcp/1/p2p/" + nas, "dnsaddr=/ip6/2001:db8::1/udp/1/quic-v1/p2p/" + nas}
	if text := m.Additionals[0].Body.(*dnsmessage.TXTResource).TXT; !slices.Equal(text, want) {
		t.Errorf("%q", text)
	}
	if found, ok := answers(packet, service); !ok || found.ID.String() != nas || len(found.Addrs) != 2 {
		t.Errorf("read back as %v, %v", found, ok)
	}
	if one, other := instanceName(nil), instanceName(nil); len(one) != 32 || one == other {
		t.Errorf("not random: %s, %s", one, other)
	}
}

func TestInstanceTakenBack(t *testing.T) {
	service := Service(domain(t, "acme.example"))
	packet, err := answer(service, "instance", peerID(t, nas), nil)
	if err != nil {
		t.Fatal(err)
	}
	if found, ok := answers(packet, service); ok {
		t.Errorf("%v", found)
	}
}

// record makes an answer with one TXT record.
func record(t testing.TB, name string, ttl uint32, texts ...string) []byte {
	t.Helper()
	m := dnsmessage.Message{
		Header: dnsmessage.Header{Response: true},
		Answers: []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name), Class: dnsmessage.ClassINET, TTL: ttl},
			Body:   &dnsmessage.TXTResource{TXT: texts},
		}},
	}
	packet, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packet
}

func TestC11WhatIsBelieved(t *testing.T) {
	service := Service(domain(t, "acme.example"))
	const good = "dnsaddr=/ip4/192.0.2.1/tcp/1/p2p/" + nas
	var many []string
	for _, port := range strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12") {
		many = append(many, "dnsaddr=/ip4/192.0.2.1/tcp/"+port+"/p2p/"+nas)
	}
	for _, c := range []struct {
		name   string
		packet []byte
		want   int // addresses
	}{
		{"one", record(t, "x."+service, 60, good), 1},
		{"the same twice", record(t, "x."+service, 60, good, good), 1},
		{"too many", record(t, "x."+service, 60, many...), maxAddrs},
		{"of two terminals", record(t, "x."+service, 60, good, "dnsaddr=/ip4/192.0.2.1/tcp/2/p2p/"+printer), 1},
		{"of another trust domain", record(t, "x."+Service(domain(t, "other.example")), 60, good), 0},
		{"a name that only ends alike", record(t, "x"+service, 60, good), 0},
		{"taken back", record(t, "x."+service, 0, good), 0},
		{"no peer ID", record(t, "x."+service, 60, "dnsaddr=/ip4/192.0.2.1/tcp/1"), 0},
		{"no address", record(t, "x."+service, 60, "dnsaddr=/p2p/"+nas), 0},
		{"a relay", record(t, "x."+service, 60, "dnsaddr=/ip4/192.0.2.1/tcp/1/p2p/"+printer+"/p2p-circuit/p2p/"+nas), 0},
		{"a name", record(t, "x."+service, 60, "dnsaddr=/dns4/metadata.example/tcp/1/p2p/"+nas), 0},
		{"a file", record(t, "x."+service, 60, "dnsaddr=/unix/tmp/socket/p2p/"+nas), 0},
		{"UDP without QUIC", record(t, "x."+service, 60, "dnsaddr=/ip4/192.0.2.1/udp/1/p2p/"+nas), 0},
		{"something else", record(t, "x."+service, 60, "", "dnsaddr=", "dnsaddr=\x1b[2J", "path=/"), 0},
		{"cut off", record(t, "x."+service, 60, good)[:80], 0},
		{"empty", nil, 0},
	} {
		found, ok := answers(c.packet, service)
		if len(found.Addrs) != c.want || ok != (c.want > 0) {
			t.Errorf("%s: %v", c.name, found)
		}
	}
}

// FuzzPacket: nothing that arrives breaks anything, and nothing is believed but addresses of the form that
// terminals have.
func FuzzPacket(f *testing.F) {
	service := Service(domain(f, "acme.example"))
	ask, err := question(service)
	if err != nil {
		f.Fatal(err)
	}
	tell, err := answer(service, "instance", peerID(f, nas), addrs("/ip4/192.0.2.1/tcp/1", "/ip6/2001:db8::1/udp/1/quic-v1"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ask)
	f.Add(tell)
	f.Add(record(f, "x."+service, 60, "dnsaddr=/ip4/192.0.2.1/tcp/1/p2p/"+nas, "dnsaddr=/dns4/x/tcp/1/p2p/"+nas))
	f.Fuzz(func(t *testing.T, packet []byte) {
		if asks(packet, service) && !mentions(packet, service) {
			t.Error("a question that the quick look misses")
		}
		found, ok := answers(packet, service)
		if !ok {
			return
		}
		if !mentions(packet, service) {
			t.Error("an answer that the quick look misses")
		}
		if found.ID.Validate() != nil || len(found.Addrs) == 0 || len(found.Addrs) > maxAddrs {
			t.Errorf("%v", found)
		}
		for _, a := range found.Addrs {
			if !dialable(a) || !ipOf(a).IsValid() {
				t.Errorf("believed %s", a)
			}
			if _, err := multiaddr.NewMultiaddr(a.String()); err != nil {
				t.Error(err)
			}
		}
	})
}
