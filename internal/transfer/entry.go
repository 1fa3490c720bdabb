package transfer

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// Entry describes a file or directory of a share.
type Entry struct {
	Name       string    // last component; the name of the share for the share itself
	Dir        bool      // a directory, not a file
	Size       uint64    // bytes; 0 for a directory
	ModTime    time.Time // of the last change, as the server says
	Executable bool      // a file that somebody there may execute
	// Version is equal for two entries of one file only if its content has not changed in between.
	// It means nothing else, and nothing to another server.
	Version [16]byte
}

const (
	kindFile       = 1
	kindExecutable = 2
	kindDirectory  = 3
)

// attributesSize is the size in bytes of an entry without its name: kind, size, seconds, nanoseconds,
// version.
const attributesSize = 1 + 8 + 8 + 4 + 16

func (e *Entry) kind() uint8 {
	switch {
	case e.Dir:
		return kindDirectory
	case e.Executable:
		return kindExecutable
	}
	return kindFile
}

// appendAttributes writes e without its name. Times beyond what a message can say become the nearest
// that it can.
func (e *Entry) appendAttributes(b *cryptobyte.Builder) {
	seconds, nanoseconds := e.ModTime.Unix(), e.ModTime.Nanosecond()
	if clamped := min(max(seconds, minSeconds), maxSeconds); clamped != seconds {
		seconds, nanoseconds = clamped, 0
	}
	b.AddUint8(e.kind())
	b.AddUint64(e.Size)
	b.AddUint64(uint64(seconds))
	b.AddUint32(uint32(nanoseconds))
	b.AddBytes(e.Version[:])
}

func readAttributes(s *cryptobyte.String, e *Entry) error {
	var kind uint8
	var seconds uint64
	var nanoseconds uint32
	if !s.ReadUint8(&kind) || !s.ReadUint64(&e.Size) || !s.ReadUint64(&seconds) ||
		!s.ReadUint32(&nanoseconds) || !s.CopyBytes(e.Version[:]) {
		return violation("an entry is cut short")
	}
	if kind < kindFile || kind > kindDirectory { // D-10
		return violation("an entry of unknown kind %d", kind)
	}
	e.Dir, e.Executable = kind == kindDirectory, kind == kindExecutable
	if e.Size > MaxSize || e.Dir && e.Size != 0 { // D-11
		return violation("an entry of impossible size %d", e.Size)
	}
	if int64(seconds) < minSeconds || int64(seconds) > maxSeconds || nanoseconds >= 1e9 { // D-12
		return violation("an entry of impossible time %d.%09d", int64(seconds), nanoseconds)
	}
	e.ModTime = time.Unix(int64(seconds), int64(nanoseconds))
	return nil
}

// entrySize is the size in bytes of e in a page.
func entrySize(e *Entry) int { return 1 + len(e.Name) + attributesSize }

func appendEntry(b *cryptobyte.Builder, e *Entry) {
	addShort(b, e.Name)
	e.appendAttributes(b)
}

func readEntry(s *cryptobyte.String) (e Entry, err error) {
	if e.Name, err = readShort(s); err != nil {
		return e, err
	}
	if !isComponent(e.Name) { // D-7
		return e, violation("an entry called %q", e.Name)
	}
	return e, readAttributes(s, &e)
}
