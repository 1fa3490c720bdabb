package labtest

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// Packet is one frame. What is not IP, or is a fragment, has only the Frame.
type Packet struct {
	Frame               []byte // from the Ethernet header on
	Protocol            uint8  // unix.IPPROTO_TCP, unix.IPPROTO_UDP or another of IP
	Source, Destination netip.AddrPort
	Payload             []byte // of TCP and UDP
	sequence            uint32
	first               bool // of a TCP connection's direction
}

// Involves reports whether the packet is from or to the address.
func (p Packet) Involves(a netip.Addr) bool {
	return p.Source.Addr() == a || p.Destination.Addr() == a
}

const (
	ethernetHeader = 14
	typeIPv4       = 0x0800
	typeIPv6       = 0x86dd
	headerIPv6     = 40
)

func decode(data []byte) Packet {
	p := Packet{Frame: data}
	if len(data) < ethernetHeader {
		return p
	}
	body := data[ethernetHeader:]
	switch binary.BigEndian.Uint16(data[12:]) {
	case typeIPv4:
		p.decode4(body)
	case typeIPv6:
		p.decode6(body)
	}
	return p
}

func (p *Packet) decode4(b []byte) {
	if len(b) < 20 {
		return
	}
	header, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 { // larger than the field, in one piece
		total = len(b)
	}
	fragment := binary.BigEndian.Uint16(b[6:])&0x3fff != 0
	if fragment || header < 20 || total < header || total > len(b) {
		return
	}
	p.Protocol = b[9]
	from, to := netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
	p.decodePorts(from, to, b[header:total])
}

func (p *Packet) decode6(b []byte) {
	if len(b) < headerIPv6 {
		return
	}
	total := headerIPv6 + int(binary.BigEndian.Uint16(b[4:]))
	if total == headerIPv6 || total > len(b) {
		total = len(b)
	}
	p.Protocol = b[6]
	from, to := netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
	p.decodePorts(from, to, b[headerIPv6:total])
}

func (p *Packet) decodePorts(from, to netip.Addr, b []byte) {
	p.Source, p.Destination = netip.AddrPortFrom(from, 0), netip.AddrPortFrom(to, 0)
	header := 8
	switch {
	case p.Protocol == unix.IPPROTO_UDP && len(b) >= header:
	case p.Protocol == unix.IPPROTO_TCP && len(b) >= 20:
		header = int(b[12]>>4) * 4
		p.sequence = binary.BigEndian.Uint32(b[4:])
		p.first = b[13]&2 != 0
	default:
		return
	}
	p.Source = netip.AddrPortFrom(from, binary.BigEndian.Uint16(b))
	p.Destination = netip.AddrPortFrom(to, binary.BigEndian.Uint16(b[2:]))
	if header <= len(b) {
		p.Payload = b[header:]
	}
}

// reassemble returns what each direction of each TCP connection has carried. A gap ends a piece.
func reassemble(packets []Packet) [][]byte {
	type flow struct{ from, to netip.AddrPort }
	segments := make(map[flow][]Packet)
	var streams [][]byte
	for _, p := range packets {
		if p.Protocol != unix.IPPROTO_TCP {
			continue
		}
		f := flow{p.Source, p.Destination}
		if p.first { // ports are used again
			streams = append(streams, join(segments[f])...)
			segments[f] = nil
		}
		segments[f] = append(segments[f], p)
	}
	for _, s := range segments {
		streams = append(streams, join(s)...)
	}
	return streams
}

// join puts the segments of one direction in their order.
func join(segments []Packet) (pieces [][]byte) {
	if len(segments) == 0 {
		return nil
	}
	base := segments[0].sequence
	offset := func(p Packet) int { // numbers wrap around
		n := int(int32(p.sequence - base))
		if p.first {
			n++
		}
		return n
	}
	slices.SortStableFunc(segments, func(a, b Packet) int { return cmp.Compare(offset(a), offset(b)) })
	var piece []byte
	next := offset(segments[0])
	for _, s := range segments {
		at := offset(s)
		if at > next {
			pieces, piece, next = append(pieces, piece), nil, at
		}
		if fresh := at + len(s.Payload) - next; fresh > 0 {
			piece = append(piece, s.Payload[len(s.Payload)-fresh:]...)
			next += fresh
		}
	}
	return append(pieces, piece)
}
