package transfer

import (
	"context"
	"errors"
	"io"

	"github.com/certexch/certexch/protocol"
)

// ReadRequest names a range of a file.
type ReadRequest struct {
	Share, Path string // of the file: the name of the share, and the way from there, with slashes
	Offset      uint64 // of the first byte
	Length      uint64 // bytes; 0 stands for everything from Offset on
	// IfVersion, when set, makes the server refuse any other version of the file with StatusChanged.
	IfVersion *[16]byte
}

// Content is the content of a file as it arrives: an io.Reader and, faster, an io.WriterTo. io.EOF, or
// a WriteTo without error, is given only after the server's end of the answer has been checked against
// number and hash of the bytes that came. Until then nothing is known of the content but that
// the server sent it: a file that changed in the meantime ends in a *StatusError with StatusChanged.
//
// Content must be read to its end or closed, and by one goroutine at a time.
type Content struct {
	call      *call
	entry     Entry
	length    uint64
	rest      []byte  // received and hashed, not yet given by Read
	remaining uint64  // bytes still to come
	hash      *hasher // the client's
	end       endAnswer
	err       error  // how it ended; io.EOF if well
	closed    func() // called by Close; nil for nothing
}

var errAbandoned = errors.New("the content was not read to its end")

// Read asks for a range of a file. ctx governs the returned Content until its end: when it is done,
// the channel is reset.
func (c *Client) Read(ctx context.Context, want ReadRequest) (*Content, error) {
	r, err := want.request()
	if err != nil {
		return nil, err
	}
	call, err := c.begin(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := call.send(); err != nil {
		return nil, call.end(err)
	}
	return call.open()
}

// request is what is sent for it, once its names have been checked.
func (want *ReadRequest) request() (request, error) {
	r, err := newRequest(opRead, want.Share, want.Path)
	r.offset, r.length, r.ifVersion = want.Offset, want.Length, want.IfVersion
	return r, err
}

// open waits for the content. An error is the end of the call.
func (c *call) open() (*Content, error) {
	content, err := c.content()
	if err != nil {
		return nil, c.end(err)
	}
	return content, nil
}

// content receives the head of the answer and checks it against the request.
func (c *call) content() (*Content, error) {
	head, err := first[headAnswer](c)
	if err != nil {
		return nil, err
	}
	if head.entry.Dir { // D-18
		return nil, violation("the content of a directory")
	}
	if c.ifVersion != nil && *c.ifVersion != head.entry.Version { // D-18
		return nil, violation("another version than the one asked for")
	}
	length, err := span(head.entry.Size, c.offset, c.length)
	if err != nil { // D-17
		return nil, violation("content for a range that is not in the file")
	}
	head.entry.Name = c.base()
	c.hash.reset()
	return &Content{call: c, entry: head.entry, length: length, remaining: length, hash: &c.hash}, nil
}

// Entry describes the file that the content is of.
func (c *Content) Entry() Entry { return c.entry }

// Length is the number of bytes of the content, those given already included.
func (c *Content) Length() uint64 { return c.length }

// OnBlock has told called with the hash of each whole block of BlockSize bytes, counted from the first byte
// of the content, when its last byte has been written, or been received by Read. It is called on the
// reader's goroutine. A hash is of what came, as soon as it came: whether the file changed meanwhile is
// known only at the end.
func (c *Content) OnBlock(told func(hash [32]byte)) { c.hash.onBlock = told }

// Read gives the next bytes.
func (c *Content) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		frame := c.call.frame
		if err := c.next(frame); err != nil {
			c.finish(err)
			continue
		}
		c.rest = frame.Payload()
		c.hash.Write(c.rest)
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// WriteTo writes everything that Read has not yet given to w, hashing and writing on the caller's
// goroutine while the frames that follow are received and opened on another. An error of w is
// returned as it is.
func (c *Content) WriteTo(w io.Writer) (written int64, err error) {
	write := func(p []byte) error {
		n, err := w.Write(p)
		written += int64(n)
		if err == nil && n < len(p) {
			err = io.ErrShortWrite
		}
		return err
	}
	if len(c.rest) > 0 {
		if err := write(c.rest); err != nil {
			c.finish(err)
			return written, err
		}
		c.rest = nil
	}
	if c.err == nil {
		c.finish(c.writeFrames(write))
	}
	if c.err == io.EOF {
		return written, nil
	}
	return written, c.err
}

func (c *Content) writeFrames(write func([]byte) error) error {
	err := move(c.remaining, c.next, func(f *protocol.Frame) error {
		if err := write(f.Payload()); err != nil {
			return err
		}
		c.hash.Write(f.Payload())
		return nil
	}, c.call.ch.Reset)
	if err == nil {
		return io.EOF
	}
	return err
}

// next receives one frame of content. io.EOF says that the end of the answer came instead.
func (c *Content) next(f *protocol.Frame) error {
	if err := c.call.receive(f); err != nil {
		return err
	}
	if f.Kind == protocol.KindContent {
		n := uint64(len(f.Payload()))
		if n == 0 || n != min(c.remaining, protocol.FramePayload) { // D-19
			return violation("%d bytes of content where %d remain", n, c.remaining)
		}
		c.remaining -= n
		return nil
	}
	end, err := expect[endAnswer](c.call, f)
	if err != nil {
		return err
	}
	if c.remaining != 0 || end.total != c.length { // D-21
		return violation("an end after %d of %d bytes that says %d", c.length-c.remaining, c.length, end.total)
	}
	c.end = end
	return io.EOF
}

// finish records how the content ended: io.EOF once the hash is right.
func (c *Content) finish(err error) {
	if err == io.EOF {
		err = nil
		if c.hash.Sum() != c.end.hash { // D-22
			err = violation("the content does not have the hash that it was sent with")
		}
	}
	if c.err = c.call.end(err); c.err == nil {
		c.err = io.EOF
	}
}

// Close gives the content up, which before its end resets the channel, and the client with it. It never
// fails.
func (c *Content) Close() error {
	if c.err == nil {
		c.finish(errAbandoned)
	}
	c.rest = nil
	if c.closed != nil {
		c.closed()
	}
	return nil
}
