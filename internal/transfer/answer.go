package transfer

import (
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"
)

// The first byte of each message that answers; requests stay below firstAnswer.
const (
	firstAnswer = 0x80

	kindShares  = 0x81
	kindPage    = 0x82
	kindEntry   = 0x83
	kindHead    = 0x84
	kindEnd     = 0x85
	kindFailure = 0xff
)

// answer is one message that answers. Shares, page, entry, end and failure each end their answer;
// after a head comes content, and then an end or a failure.
type answer interface {
	kind() uint8
	append(b *cryptobyte.Builder)
}

type (
	// sharesAnswer names the shares that the client may see, in ascending order.
	sharesAnswer struct{ names []string }
	// pageAnswer is a part of a directory, in ascending order; more follows after its last name.
	pageAnswer struct {
		more    bool
		entries []Entry
	}
	// entryAnswer describes what was asked for, without its name.
	entryAnswer struct{ entry Entry }
	// headAnswer describes the file whose content follows, without its name.
	headAnswer struct{ entry Entry }
	// endAnswer says how much content was sent and its hash.
	endAnswer struct {
		total uint64
		hash  [32]byte
	}
	// failureAnswer says why there is no answer, or no more of it.
	failureAnswer struct{ status Status }
)

func (sharesAnswer) kind() uint8  { return kindShares }
func (pageAnswer) kind() uint8    { return kindPage }
func (entryAnswer) kind() uint8   { return kindEntry }
func (headAnswer) kind() uint8    { return kindHead }
func (endAnswer) kind() uint8     { return kindEnd }
func (failureAnswer) kind() uint8 { return kindFailure }

// answerHeader is the size in bytes of what precedes an answer: kind and number of the request.
const answerHeader = 1 + 4

func appendAnswer(b *cryptobyte.Builder, id uint32, a answer) {
	b.AddUint8(a.kind())
	b.AddUint32(id)
	a.append(b)
}

// decodeAnswer accepts exactly what appendAnswer writes.
func decodeAnswer(message []byte) (id uint32, a answer, err error) {
	if len(message) < answerHeader {
		return 0, nil, violation("an answer of %d bytes", len(message))
	}
	id = binary.BigEndian.Uint32(message[1:])
	read := readers[message[0]]
	if read == nil { // D-4
		return id, nil, violation("an answer of unknown kind %d", message[0])
	}
	s := cryptobyte.String(message[answerHeader:])
	if a, err = read(&s); err != nil {
		return id, nil, err
	}
	if !s.Empty() { // D-5
		return id, nil, violation("%d bytes after an answer", len(s))
	}
	return id, a, nil
}

// readers read what follows the header of each kind of answer.
var readers = map[uint8]func(*cryptobyte.String) (answer, error){
	kindShares:  readShares,
	kindPage:    readPage,
	kindEntry:   readEntryAnswer,
	kindHead:    readHead,
	kindEnd:     readEnd,
	kindFailure: readFailure,
}

func (a sharesAnswer) append(b *cryptobyte.Builder) {
	for _, name := range a.names {
		addShort(b, name)
	}
}

func readShares(s *cryptobyte.String) (answer, error) {
	var a sharesAnswer
	last := ""
	for !s.Empty() {
		name, err := readShort(s)
		if err != nil {
			return nil, err
		}
		if err := CheckShare(name); err != nil { // D-8
			return nil, violation("an answer with a share: %w", err)
		}
		if name <= last { // D-13
			return nil, violation("the share %q is out of order", name)
		}
		if len(a.names) == MaxShares { // D-14
			return nil, violation("more than %d shares", MaxShares)
		}
		a.names = append(a.names, name)
		last = name
	}
	return a, nil
}

func (a pageAnswer) append(b *cryptobyte.Builder) {
	var more uint8
	if a.more {
		more = 1
	}
	b.AddUint8(more)
	for i := range a.entries {
		appendEntry(b, &a.entries[i])
	}
}

func readPage(s *cryptobyte.String) (answer, error) {
	var a pageAnswer
	var more uint8
	if !s.ReadUint8(&more) || more > 1 { // D-6
		return nil, violation("a page neither with nor without more")
	}
	a.more = more == 1
	last := ""
	for !s.Empty() {
		entry, err := readEntry(s)
		if err != nil {
			return nil, err
		}
		if entry.Name <= last { // D-15
			return nil, violation("the entry %q is out of order", entry.Name)
		}
		a.entries = append(a.entries, entry)
		last = entry.Name
	}
	if a.more && len(a.entries) == 0 { // D-16
		return nil, violation("an empty page with more to come")
	}
	return a, nil
}

func (a entryAnswer) append(b *cryptobyte.Builder) { a.entry.appendAttributes(b) }

func readEntryAnswer(s *cryptobyte.String) (answer, error) {
	var a entryAnswer
	err := readAttributes(s, &a.entry)
	return a, err
}

func (a headAnswer) append(b *cryptobyte.Builder) { a.entry.appendAttributes(b) }

func readHead(s *cryptobyte.String) (answer, error) {
	var a headAnswer
	err := readAttributes(s, &a.entry)
	return a, err
}

func (a endAnswer) append(b *cryptobyte.Builder) {
	b.AddUint64(a.total)
	b.AddBytes(a.hash[:])
}

func readEnd(s *cryptobyte.String) (answer, error) {
	var a endAnswer
	if !s.ReadUint64(&a.total) || !s.CopyBytes(a.hash[:]) {
		return nil, violation("an end is cut short")
	}
	return a, nil
}

func (a failureAnswer) append(b *cryptobyte.Builder) { b.AddUint8(uint8(a.status)) }

func readFailure(s *cryptobyte.String) (answer, error) {
	var status uint8
	if !s.ReadUint8(&status) {
		return nil, violation("a failure is cut short")
	}
	if status == uint8(StatusOK) || int(status) >= len(statusWords) { // D-4
		return nil, violation("a failure with unknown status %d", status)
	}
	return failureAnswer{Status(status)}, nil
}
