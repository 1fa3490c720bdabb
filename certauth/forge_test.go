package certauth

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"testing"
)

// A node is one element of DER that a test can take apart, change and put
// together again. It has no part in the code that it tests.
type node struct {
	tag      byte
	value    []byte  // of primitive elements
	children []*node // of constructed ones
}

func parseNode(t testing.TB, der []byte) *node {
	t.Helper()
	nodes := parseNodes(t, der)
	if len(nodes) != 1 {
		t.Fatalf("%d elements, want 1", len(nodes))
	}
	return nodes[0]
}

func parseNodes(t testing.TB, der []byte) (nodes []*node) {
	t.Helper()
	for len(der) > 0 {
		header, length := 2, int(der[1])
		if length >= 0x80 {
			header += length & 0x7f
			length = 0
			for _, b := range der[2:header] {
				length = length<<8 | int(b)
			}
		}
		n := &node{tag: der[0]}
		if n.tag&0x20 != 0 {
			n.children = parseNodes(t, der[header:header+length])
		} else {
			n.value = bytes.Clone(der[header : header+length])
		}
		nodes, der = append(nodes, n), der[header+length:]
	}
	return nodes
}

func (n *node) encode() []byte {
	content := slices.Clone(n.value)
	for _, c := range n.children {
		content = append(content, c.encode()...)
	}
	head := []byte{n.tag}
	switch l := len(content); {
	case l < 0x80:
		head = append(head, byte(l))
	case l < 0x100:
		head = append(head, 0x81, byte(l))
	case l < 0x10000:
		head = append(head, 0x82, byte(l>>8), byte(l))
	default:
		head = append(head, 0x83, byte(l>>16), byte(l>>8), byte(l))
	}
	return append(head, content...)
}

func (n *node) add(children ...*node)    { n.children = append(n.children, children...) }
func (n *node) remove(i int)             { n.children = slices.Delete(n.children, i, i+1) }
func (n *node) insert(i int, c ...*node) { n.children = slices.Insert(n.children, i, c...) }

func sequence(children ...*node) *node   { return &node{tag: 0x30, children: children} }
func leaf(tag byte, value ...byte) *node { return &node{tag: tag, value: value} }

// Where things are in the signed part of a certificate.
const (
	atVersion = iota
	atSerial
	atAlgorithm
	atIssuer
	atValidity
	atSubject
	atKey
	atExtensions
)

// forge changes the signed part of der and signs it again with key: what a
// genuine authority could have signed, but should not have.
func forge(t testing.TB, der []byte, key ed25519.PrivateKey, edit func(tbs *node)) []byte {
	t.Helper()
	object := parseNode(t, der)
	edit(object.children[0])
	return resign(object, key)
}

func resign(object *node, key ed25519.PrivateKey) []byte {
	object.children[2].value = append([]byte{0}, ed25519.Sign(key, object.children[0].encode())...)
	return object.encode()
}

// An editExtension changes one extension: SEQUENCE { OID, TRUE if critical,
// OCTET STRING }.
type editExtension func(list, e *node)

var (
	drop editExtension = func(list, e *node) {
		list.children = slices.DeleteFunc(list.children, func(c *node) bool { return c == e })
	}
	repeat       editExtension = func(list, e *node) { list.add(e) }
	replaceID    editExtension = func(list, e *node) { e.children[0] = leaf(0x06, 0x2a, 0x03, 0x04) }
	flipCritical editExtension = func(list, e *node) {
		if len(e.children) == 3 {
			e.remove(1)
		} else {
			e.insert(1, leaf(0x01, 0xff))
		}
	}
	sayFalse editExtension = func(list, e *node) {
		e.children = []*node{e.children[0], leaf(0x01, 0x00), e.children[len(e.children)-1]}
	}
	empty   editExtension = func(list, e *node) { e.children[len(e.children)-1].value = nil }
	trail   editExtension = func(list, e *node) { v := e.children[len(e.children)-1]; v.value = append(v.value, 0x05, 0x00) }
	flipBit editExtension = func(list, e *node) { v := e.children[len(e.children)-1].value; v[len(v)-1] ^= 1 }
)

// setValue gives an extension another content.
func setValue(value ...byte) editExtension {
	return func(_, e *node) { e.children[len(e.children)-1].value = value }
}

// in applies an editExtension to the extension id of a certificate.
func (edit editExtension) in(t testing.TB, id oid) func(tbs *node) {
	return func(tbs *node) { edit.of(t, tbs.children[atExtensions].children[0], id) }
}

func (edit editExtension) of(t testing.TB, list *node, id oid) {
	t.Helper()
	i := slices.IndexFunc(list.children, func(e *node) bool { return string(e.children[0].value) == string(id) })
	if i < 0 {
		t.Fatal("there is no such extension to edit")
	}
	edit(list, list.children[i])
}
