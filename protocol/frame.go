package protocol

import (
	"encoding/binary"
	"fmt"
)

// Kind tells what a sealed frame carries. It is authenticated with the frame.
type Kind uint8

const (
	// KindMessage frames carry one request, answer or control message.
	KindMessage Kind = 1
	// KindContent frames carry bytes of a file.
	KindContent Kind = 2
)

// Frame is a reusable buffer of one sealed frame: its payload is filled, sealed, opened and read in
// place. A Frame is about 64 KiB; it must not be used by two goroutines at once.
type Frame struct {
	// Kind is what the payload is: set before Send, and set by Receive.
	Kind Kind

	end bool
	n   int
	buf [FrameSize]byte
}

// NewFrame returns an empty frame.
func NewFrame() *Frame { return new(Frame) }

// Payload returns the plaintext. It stays valid until the frame is sent, resized or received into.
func (f *Frame) Payload() []byte { return f.buf[frameHeader : frameHeader+f.n] }

// Resize sets the length of the payload to n bytes and returns the payload, to be filled in place.
// It panics when n is negative or exceeds FramePayload.
func (f *Frame) Resize(n int) []byte {
	if n < 0 || n > FramePayload {
		panic(fmt.Sprintf("protocol: frame payload of %d bytes", n))
	}
	f.n = n
	return f.Payload()
}

// header writes the frame's header, which is also its associated data, in place.
func (f *Frame) header() []byte {
	f.buf[0] = byte(f.Kind)
	f.buf[1] = 0
	if f.end {
		f.buf[1] = 1
	}
	binary.BigEndian.PutUint16(f.buf[2:], uint16(f.n+frameTag))
	return f.buf[:frameHeader]
}

// parseHeader takes kind, end and length from the header that has been read into the frame. The
// length is capped before anything is read on its word.
func (f *Frame) parseHeader() error {
	f.Kind = Kind(f.buf[0])
	if f.Kind != KindMessage && f.Kind != KindContent { // F1
		return integrity("frame of unknown kind %d", f.buf[0])
	}
	if f.buf[1] > 1 { // F2
		return integrity("frame with end marker %d", f.buf[1])
	}
	f.end = f.buf[1] == 1
	size := int(binary.BigEndian.Uint16(f.buf[2:]))
	if size < frameTag || size > FramePayload+frameTag { // F3
		return integrity("frame of %d bytes", size)
	}
	f.n = size - frameTag
	return nil
}

// sealed returns the part of the frame behind the header: ciphertext and tag.
func (f *Frame) sealed() []byte { return f.buf[frameHeader : frameHeader+f.n+frameTag] }
