package discovery

import (
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	"golang.org/x/net/dns/dnsmessage"
)

const (
	maxPacket    = 9000 // bytes of an mDNS packet (RFC 6762, section 17)
	maxQuestions = 32   // that are looked at, in one packet
	maxRecords   = 32
	maxAddrs     = 8 // of one terminal

	textPrefix = "dnsaddr="
	ttl        = 120 // seconds, for records that end with an address (RFC 6762, section 10)
)

// question returns the packet that asks for the instances of service.
func question(service string) ([]byte, error) {
	name, err := dnsmessage.NewName(service)
	if err != nil {
		return nil, err
	}
	m := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET}}}
	return m.Pack()
}

// answer returns the packet that tells the addresses of the terminal id, which is an instance of service;
// without any, one that takes the instance back.
func answer(service, instance string, id peer.ID, addrs []multiaddr.Multiaddr) ([]byte, error) {
	name, err := dnsmessage.NewName(service)
	if err != nil {
		return nil, err
	}
	whole, err := dnsmessage.NewName(instance + "." + service)
	if err != nil {
		return nil, err
	}
	header := dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: ttl}
	m := dnsmessage.Message{Header: dnsmessage.Header{Response: true, Authoritative: true}}
	if len(addrs) == 0 {
		header.TTL = 0
	} else {
		text := dnsmessage.TXTResource{}
		for _, a := range addrs {
			text.TXT = append(text.TXT, textPrefix+a.String()+"/p2p/"+id.String())
		}
		m.Additionals = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: whole, Class: dnsmessage.ClassINET, TTL: ttl}, Body: &text}}
	}
	m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.PTRResource{PTR: whole}}}
	return m.Pack()
}

// asks reports whether packet asks for the instances of service.
func asks(packet []byte, service string) bool {
	var p dnsmessage.Parser
	header, err := p.Start(packet)
	if err != nil || header.Response {
		return false
	}
	for range maxQuestions {
		q, err := p.Question()
		if err != nil {
			return false
		}
		if (q.Type == dnsmessage.TypePTR || q.Type == dnsmessage.TypeALL) && q.Name.String() == service {
			return true
		}
	}
	return false
}

// answers returns the terminal that packet tells of, as an instance of service. An honest packet tells of
// one; what it says of others is left out, as is every address that is not of the form that terminals have.
func answers(packet []byte, service string) (found peer.AddrInfo, ok bool) {
	var p dnsmessage.Parser
	header, err := p.Start(packet)
	if err != nil || !header.Response || p.SkipAllQuestions() != nil {
		return found, false
	}
	take := func(texts []string) {
		for _, text := range texts {
			id, addr, ok := parseText(text)
			if ok && len(found.Addrs) < maxAddrs && (found.ID == "" || found.ID == id) && !multiaddr.Contains(found.Addrs, addr) {
				found.ID, found.Addrs = id, append(found.Addrs, addr)
			}
		}
	}
	if !eachText(p.AnswerHeader, p.SkipAnswer, p.TXTResource, service, take) || p.SkipAllAuthorities() != nil ||
		!eachText(p.AdditionalHeader, p.SkipAdditional, p.TXTResource, service, take) {
		return peer.AddrInfo{}, false
	}
	return found, len(found.Addrs) > 0
}

// eachText calls take for the TXT records of instances of service in one section. It returns false when the
// section is not well formed, or too long.
func eachText(next func() (dnsmessage.ResourceHeader, error), skip func() error, text func() (dnsmessage.TXTResource, error), service string, take func([]string)) bool {
	for range maxRecords {
		header, err := next()
		if err == dnsmessage.ErrSectionDone {
			return true
		}
		if err != nil {
			return false
		}
		if header.Type != dnsmessage.TypeTXT || header.TTL == 0 || !strings.HasSuffix(header.Name.String(), "."+service) {
			if skip() != nil {
				return false
			}
			continue
		}
		record, err := text()
		if err != nil {
			return false
		}
		take(record.TXT)
	}
	return false
}

// parseText reads one string of a TXT record.
func parseText(text string) (peer.ID, multiaddr.Multiaddr, bool) {
	text, ok := strings.CutPrefix(text, textPrefix)
	if !ok {
		return "", nil, false
	}
	whole, err := multiaddr.NewMultiaddr(text)
	if err != nil {
		return "", nil, false
	}
	addr, id := peer.SplitAddr(whole)
	return id, addr, id != "" && addr != nil && dialable(addr)
}
