package certauth

import (
	"bytes"
	"encoding/pem"
)

// maxBundle is the size in bytes that a bundle may have: two certificates and a
// list, by a third longer in PEM, with its lines.
const maxBundle = (maxCRL + 2*maxCertificate) * 3 / 2

const (
	pemCertificate = "CERTIFICATE"
	pemCRL         = "X509 CRL"
)

// A Bundle is what an authority hands to a terminal in one file: its
// certificate, the root, the revocation list. Each is DER and may be nil.
// Nothing in it is verified; [ParseRoot], [Root.OpenCRL] and [Roots.Open] are
// for that.
type Bundle struct {
	Leaf, Root, CRL []byte // Leaf is the terminal's certificate, CRL the list
}

// PEM returns the bundle as blocks in the order leaf, root, list.
func (b Bundle) PEM() []byte {
	var out bytes.Buffer
	for _, part := range []pem.Block{
		{Type: pemCertificate, Bytes: b.Leaf},
		{Type: pemCertificate, Bytes: b.Root},
		{Type: pemCRL, Bytes: b.CRL},
	} {
		if part.Bytes != nil {
			out.Write(pem.EncodeToMemory(&part))
		}
	}
	return out.Bytes()
}

// ParseBundle reads a bundle of one to three PEM blocks, in any order, each kind
// at most once. Between them only white space is allowed. A certificate whose
// issuer is its subject is a root. The error is an [*Error] of class
// [Malformed]; see section 9 of spec/certificate.md.
func ParseBundle(data []byte) (Bundle, error) {
	if len(data) > maxBundle { // B1
		return Bundle{}, refuse(Malformed, "B1", "the bundle has %d bytes, and %d are allowed", len(data), maxBundle)
	}
	var b Bundle
	for data = bytes.TrimSpace(data); len(data) > 0; data = bytes.TrimSpace(data) {
		var text []byte
		text, data = cutBlock(data)
		block := decodeBlock(text)
		if block == nil { // B2
			return Bundle{}, refuse(Malformed, "B2", "the bundle has something in it that is not a PEM block, or a block with headers")
		}
		if err := b.add(block); err != nil {
			return Bundle{}, err
		}
	}
	if b.Leaf == nil && b.Root == nil && b.CRL == nil { // B5
		return Bundle{}, refuse(Malformed, "B5", "the bundle is empty")
	}
	return b, nil
}

// decodeBlock decodes text that is one PEM block without headers and nothing
// else, which is less than pem.Decode takes. It returns nil otherwise.
func decodeBlock(text []byte) *pem.Block {
	begin := []byte("-----BEGIN ")
	if !bytes.HasPrefix(text, begin) || bytes.Count(text, begin) > 1 {
		return nil
	}
	block, rest := pem.Decode(text)
	if block == nil || len(rest) > 0 || len(block.Headers) > 0 {
		return nil
	}
	return block
}

// cutBlock splits data after its first line that ends a PEM block.
func cutBlock(data []byte) (block, rest []byte) {
	_, after, _ := bytes.Cut(data, []byte("\n-----END "))
	_, rest, _ = bytes.Cut(after, []byte("\n"))
	return data[:len(data)-len(rest)], rest
}

// add puts a block where it belongs.
func (b *Bundle) add(block *pem.Block) error {
	if block.Type != pemCertificate && block.Type != pemCRL { // B3
		return refuse(Malformed, "B3", "the bundle has a block of type %+q", block.Type)
	}
	place := &b.CRL
	if block.Type == pemCertificate {
		c, err := parseCertificate(block.Bytes)
		if err != nil {
			return err
		}
		place = &b.Leaf
		if bytes.Equal(c.issuer, c.subject) {
			place = &b.Root
		}
	}
	if *place != nil { // B4
		return refuse(Malformed, "B4", "the bundle has two blocks of one kind, of type %s", block.Type)
	}
	*place = block.Bytes
	return nil
}
