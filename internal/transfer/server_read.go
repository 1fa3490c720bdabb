package transfer

import (
	"io"

	"github.com/certexch/certexch/protocol"
)

// read sends a range of a file: head, content, end. It returns how much content was sent.
func (c *conversation) read(r *request) (sent uint64, err error) {
	file, err := c.Source.Open(r.share, r.path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	entry := file.Entry()
	if r.ifVersion != nil && *r.ifVersion != entry.Version { // D-18
		return 0, ErrChanged
	}
	length, err := span(entry.Size, r.offset, r.length)
	if err != nil {
		return 0, err
	}
	if err := c.send(r, headAnswer{entry}); err != nil {
		return 0, err
	}
	hash, sent, err := c.content(file, r.offset, length)
	if err != nil {
		return sent, err
	}
	if err := file.Unchanged(); err != nil { // D-20
		return sent, err
	}
	return sent, c.send(r, endAnswer{total: sent, hash: hash})
}

// content reads and hashes length bytes at offset on one goroutine while it seals and sends on its
// own. It returns the hash and the number of the bytes sent.
func (c *conversation) content(file io.ReaderAt, offset, length uint64) (hash [32]byte, sent uint64, err error) {
	c.hash.reset()
	end := offset + length
	produce := func(f *protocol.Frame) error {
		if offset == end {
			return io.EOF
		}
		f.Kind = protocol.KindContent
		payload := f.Resize(int(min(end-offset, protocol.FramePayload)))
		if n, err := file.ReadAt(payload, int64(offset)); n < len(payload) {
			return shortRead(err)
		}
		c.hash.Write(payload)
		offset += uint64(len(payload))
		return nil
	}
	send := c.ch.Send
	if length <= maxHeld {
		send = c.ch.Hold
	}
	consume := func(f *protocol.Frame) error {
		n := len(f.Payload())
		if err := c.sendFrame(f, send); err != nil {
			return err
		}
		sent += uint64(n)
		return nil
	}
	if err := move(length, produce, consume, func() {}); err != nil {
		return hash, sent, err
	}
	return c.hash.Sum(), sent, nil
}

// shortRead is the error of a read that gave less than the size of the file promised: it was cut off.
func shortRead(err error) error {
	if err == io.EOF || err == nil {
		return ErrChanged
	}
	return err
}
