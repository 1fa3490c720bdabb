package spec

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"slices"
)

// element is one element of DER, to be taken apart, changed and put together again.
type element struct {
	tag   byte
	value []byte     // of a primitive element
	parts []*element // of a constructed one
}

func decode(der []byte) *element { return decodeAll(der)[0] }

func decodeAll(der []byte) (all []*element) {
	for len(der) > 0 {
		head, length := 2, int(der[1])
		if length >= 0x80 {
			head += length & 0x7f
			var long [4]byte
			copy(long[4-(length&0x7f):], der[2:head])
			length = int(binary.BigEndian.Uint32(long[:]))
		}
		e := &element{tag: der[0]}
		if content := der[head : head+length]; e.tag&0x20 != 0 {
			e.parts = decodeAll(content)
		} else {
			e.value = bytes.Clone(content)
		}
		all, der = append(all, e), der[head+length:]
	}
	return all
}

func (e *element) encode() []byte {
	content := bytes.Clone(e.value)
	for _, p := range e.parts {
		content = append(content, p.encode()...)
	}
	length := []byte{byte(len(content))}
	if len(content) >= 0x80 {
		length = bytes.TrimLeft(binary.BigEndian.AppendUint32(nil, uint32(len(content))), "\x00")
		length = append([]byte{0x80 | byte(len(length))}, length...)
	}
	return slices.Concat([]byte{e.tag}, length, content)
}

// at follows a path of positions.
func (e *element) at(path ...int) *element {
	for _, i := range path {
		e = e.parts[i]
	}
	return e
}

func (e *element) insert(i int, parts ...*element) { e.parts = slices.Insert(e.parts, i, parts...) }
func (e *element) remove(i int)                    { e.parts = slices.Delete(e.parts, i, i+1) }

func primitive(tag byte, value ...byte) *element       { return &element{tag: tag, value: value} }
func constructed(tag byte, parts ...*element) *element { return &element{tag: tag, parts: parts} }

// Tags.
const (
	boolean         = 0x01
	integer         = 0x02
	bitString       = 0x03
	octetString     = 0x04
	null            = 0x05
	objectID        = 0x06
	utf8String      = 0x0c
	utcTime         = 0x17
	generalizedTime = 0x18
	sequence        = 0x30
	set             = 0x31
)

// forge changes the signed part of a certificate, request or list, and signs it again: what a genuine
// key could have signed, but should not have.
func forge(der []byte, key ed25519.PrivateKey, edit func(content *element)) []byte {
	object := decode(der)
	edit(object.at(0))
	object.at(2).value = append([]byte{0}, ed25519.Sign(key, object.at(0).encode())...)
	return object.encode()
}

// outside changes what lies around the signed part, and leaves the signature.
func outside(der []byte, edit func(object *element)) []byte {
	object := decode(der)
	edit(object)
	return object.encode()
}

// extension finds an extension by the last bytes of its identifier.
func extension(list *element, id ...byte) *element {
	return list.at(slices.IndexFunc(list.parts, func(e *element) bool { return bytes.HasSuffix(e.at(0).value, id) }))
}

// content is the value of an extension.
func (e *element) content() *element { return e.parts[len(e.parts)-1] }
