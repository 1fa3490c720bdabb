package protocol_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/protocol"
)

// An authority certifies two terminals. One has dialled the other, both run the exchange, here in
// memory, and then the one sends the other a sealed message.
func Example() {
	authority := newAuthority("acme.example")
	desk, nas := authority.certify("site-a/desk"), authority.certify("nas")

	// Each side knows the key that the connection has proven, and has registered the other.
	initiator := must(protocol.NewInitiator(desk.config(nas.publicKey())))
	responder := must(protocol.NewResponder(nas.config(desk.publicKey())))
	atDesk, atNAS := exchange(initiator, responder)
	fmt.Printf("desk: this is %s, %s\n", atDesk.Peer().Identity(), atDesk.Ours())
	fmt.Printf("nas: this is %s, %s\n", atNAS.Peer().Identity(), atNAS.Ours())

	// Any stream of the connection can now be sealed.
	near, far := net.Pipe()
	go send(must(atDesk.Open(stream{near}, rand.Reader)), "what do you have?")
	fmt.Printf("nas: desk asks %q\n", receive(must(atNAS.Accept(stream{far}, rand.Reader))))

	// Output:
	// desk: this is acme.example/nas, registered
	// nas: this is acme.example/site-a/desk, registered
	// nas: desk asks "what do you have?"
}

// exchange is the network between two machines: what one has to send is for the other to take.
func exchange(initiator, responder *protocol.Machine) (atInitiator, atResponder *protocol.Session) {
	var toInitiator, toResponder bytes.Buffer
	m1, _, err := initiator.Step(nil)
	check(err)
	toResponder.Write(m1)
	for atInitiator == nil {
		for toResponder.Len() > 0 {
			out, session, err := responder.Step(must(protocol.ReadMessage(&toResponder)))
			check(err)
			toInitiator.Write(out)
			atResponder = session
		}
		out, session, err := initiator.Step(must(protocol.ReadMessage(&toInitiator)))
		check(err)
		toResponder.Write(out)
		atInitiator = session
	}
	return atInitiator, atResponder
}

func send(c *protocol.Channel, text string) {
	f := protocol.NewFrame()
	f.Kind = protocol.KindMessage
	copy(f.Resize(len(text)), text)
	check(c.Send(f))
	check(c.CloseSend())
}

func receive(c *protocol.Channel) string {
	f := protocol.NewFrame()
	check(c.Receive(f))
	text := string(f.Payload())
	if err := c.Receive(f); err != io.EOF { // without its end it may not be all
		log.Fatal(err)
	}
	return text
}

// stream gives a net.Conn the manners of a libp2p stream.
type stream struct{ net.Conn }

func (s stream) CloseWrite() error { return s.Close() }
func (s stream) Reset() error      { return s.Close() }

// terminal is what a terminal has: its keys, its certificate, and whom it trusts.
type terminal struct {
	protocol.Credentials
	roots *certauth.Roots
}

func (t terminal) publicKey() ed25519.PublicKey { return t.Signing.Public().(ed25519.PublicKey) }

func (t terminal) config(peer ed25519.PublicKey) protocol.Config {
	return protocol.Config{
		Policy: protocol.Policy{
			Now:        time.Now,
			Roots:      func() *certauth.Roots { return t.roots },
			Registered: func(peer *certauth.Certificate) bool { return true },
		},
		Credentials: t.Credentials,
		Peer:        peer,
		Rand:        rand.Reader,
		Encapsulate: protocol.Encapsulate,
	}
}

type authority struct {
	issuer *certauth.Issuer
	roots  *certauth.Roots
	td     certauth.TrustDomain
}

func newAuthority(domain string) authority {
	td := must(certauth.ParseTrustDomain(domain))
	_, key, err := ed25519.GenerateKey(rand.Reader)
	check(err)
	now := time.Now().Truncate(time.Second)
	root := must(certauth.ParseRoot(must(certauth.NewRoot(td, key, now, now.AddDate(10, 0, 0), rand.Reader))))
	issuer := must(certauth.NewIssuer(root, key))
	crl := must(issuer.SignCRL(certauth.Revocations{}, uint64(now.Unix()), now, now.AddDate(0, 1, 0)))
	anchor := certauth.Anchor{Root: root, CRLs: []*certauth.CRL{must(root.OpenCRL(crl, now))}}
	return authority{issuer, must(certauth.NewRoots(anchor)), td}
}

func (a authority) certify(name string) terminal {
	_, signing, err := ed25519.GenerateKey(rand.Reader)
	check(err)
	sealing := must(hpke.MLKEM768X25519().GenerateKey())
	request := must(certauth.CreateRequest(signing, sealing.PublicKey().Bytes(), certauth.Identity{}))
	now := time.Now().Truncate(time.Second)
	der := must(a.issuer.Certify(certauth.Grant{
		Request:   must(certauth.ParseRequest(request)),
		Identity:  must(a.td.ParseIdentity(name)),
		Serial:    [16]byte{1, byte(len(name))},
		NotBefore: now,
		NotAfter:  now.AddDate(0, 1, 0),
	}))
	return terminal{protocol.Credentials{Certificate: der, Signing: signing, Sealing: sealing}, a.roots}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
