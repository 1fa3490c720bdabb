package transfer

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// op is what a request asks for: the first byte of its message.
type op uint8

const (
	opShares op = 1
	opList   op = 2
	opStat   op = 3
	opRead   op = 4
)

func (o op) isKnown() bool { return o >= opShares && o <= opRead }

func (o op) String() string {
	switch o {
	case opShares:
		return "shares"
	case opList:
		return "list"
	case opStat:
		return "stat"
	case opRead:
		return "read"
	}
	return fmt.Sprintf("operation-%d", uint8(o))
}

// request is one request of any operation; fields that the operation does not have are zero.
type request struct {
	op          op
	id          uint32
	share, path string
	after       string    // list: the last name of the page before
	offset      uint64    // read
	length      uint64    // read; 0 means to the end
	ifVersion   *[16]byte // read
}

func (r *request) where() string {
	if r.path == "" {
		return r.share
	}
	return r.share + "/" + r.path
}

func (r *request) append(b *cryptobyte.Builder) {
	b.AddUint8(uint8(r.op))
	b.AddUint32(r.id)
	if r.op == opShares {
		return
	}
	addShort(b, r.share)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(r.path)) })
	switch r.op {
	case opList:
		addShort(b, r.after)
	case opRead:
		b.AddUint64(r.offset)
		b.AddUint64(r.length)
		addOptional(b, r.ifVersion)
	}
}

// decodeRequest accepts exactly what append writes. Of an operation that it does not know it returns
// the number, for the answer that says so, and leaves the rest unread.
func decodeRequest(message []byte) (request, error) {
	s := cryptobyte.String(message)
	var r request
	if !s.ReadUint8((*uint8)(&r.op)) || !s.ReadUint32(&r.id) {
		return r, violation("a request without operation and number")
	}
	if r.op >= firstAnswer { // D-4
		return r, violation("an answer from a client")
	}
	if !r.op.isKnown() { // D-4
		return r, nil
	}
	if r.op != opShares {
		if err := r.readOperands(&s); err != nil {
			return r, err
		}
	}
	if !s.Empty() { // D-5
		return r, violation("%d bytes after a request", len(s))
	}
	return r, nil
}

func (r *request) readOperands(s *cryptobyte.String) (err error) {
	if r.share, err = readShort(s); err != nil {
		return err
	}
	if err := CheckShare(r.share); err != nil { // D-8
		return violation("a request for a share: %w", err)
	}
	if r.path, err = readPath(s); err != nil {
		return err
	}
	switch r.op {
	case opList:
		if r.after, err = readShort(s); err != nil {
			return err
		}
		if r.after != "" && !isComponent(r.after) { // D-7
			return violation("a list after %q", r.after)
		}
	case opRead:
		if !s.ReadUint64(&r.offset) || !s.ReadUint64(&r.length) {
			return violation("a read without its range")
		}
		r.ifVersion, err = readOptional(s)
	}
	return err
}

func readPath(s *cryptobyte.String) (string, error) {
	var raw cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&raw) {
		return "", violation("a name is cut short")
	}
	name := string(raw)
	if err := CheckName(name); err != nil { // D-7
		return "", violation("a request for a file: %w", err)
	}
	if name == "." { // D-9
		return "", violation("a second spelling of the share itself")
	}
	return name, nil
}

func addShort(b *cryptobyte.Builder, text string) {
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
}

func readShort(s *cryptobyte.String) (string, error) {
	var raw cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&raw) {
		return "", violation("a name is cut short")
	}
	return string(raw), nil
}

func addOptional(b *cryptobyte.Builder, version *[16]byte) {
	if version == nil {
		b.AddUint8(0)
		return
	}
	b.AddUint8(1)
	b.AddBytes(version[:])
}

func readOptional(s *cryptobyte.String) (*[16]byte, error) {
	var present uint8
	if !s.ReadUint8(&present) || present > 1 { // D-6
		return nil, violation("a version is neither there nor not")
	}
	if present == 0 {
		return nil, nil
	}
	version := new([16]byte)
	if !s.CopyBytes(version[:]) {
		return nil, violation("a version is cut short")
	}
	return version, nil
}
