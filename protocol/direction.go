package protocol

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
)

// direction seals or opens the frames of one direction of one stream: a chain of keys, and a counter
// that is the nonce. Reordered, replayed, spliced or dropped frames do not open, because the counter
// on both sides moves by one with each frame.
type direction struct {
	secret [32]byte
	aead   cipher.AEAD
	count  uint64
	ended  bool
}

// next returns the nonce of the next frame, moving to the next key where one is due.
func (d *direction) next() ([12]byte, error) {
	if d.count%framesPerKey == 0 {
		if d.count > 0 {
			d.secret = expand(d.secret[:], labelNext)
		}
		key := expand(d.secret[:], labelKey)
		block, err := aes.NewCipher(key[:])
		if err != nil {
			return [12]byte{}, err
		}
		if d.aead, err = cipher.NewGCM(block); err != nil {
			return [12]byte{}, err
		}
	}
	var nonce [12]byte
	binary.BigEndian.PutUint64(nonce[4:], d.count)
	d.count++
	return nonce, nil
}

// seal seals f in place and returns the bytes to send.
func (d *direction) seal(f *Frame) ([]byte, error) {
	if d.ended {
		return nil, ErrEnded
	}
	nonce, err := d.next()
	if err != nil {
		return nil, err
	}
	d.ended = f.end
	header := f.header()
	d.aead.Seal(f.Payload()[:0], nonce[:], f.Payload(), header)
	return f.buf[:frameHeader+f.n+frameTag], nil
}

// open opens f in place: header and sealed bytes have been read into it.
func (d *direction) open(f *Frame) error {
	nonce, err := d.next()
	if err != nil {
		return err
	}
	if _, err := d.aead.Open(f.sealed()[:0], nonce[:], f.sealed(), f.buf[:frameHeader]); err != nil { // F4
		return integrity("frame %d does not open", d.count-1)
	}
	d.ended = f.end
	return nil
}
