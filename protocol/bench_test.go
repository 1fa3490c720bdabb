package protocol

import (
	"crypto/rand"
	"io"
	"testing"
)

// BenchmarkExchange is both sides of one exchange, without a network. It is to take 5 ms at most.
func BenchmarkExchange(b *testing.B) {
	w := newWorld(b)
	for b.Loop() {
		converse(w.initiator(b), w.responder(b), nil).both(b)
	}
}

// BenchmarkSealAndOpen is one full frame on its way, without a network.
func BenchmarkSealAndOpen(b *testing.B) {
	i, r := newWorld(b).sessions(b)
	near, far := newPipe()
	sender, err := i.Open(near, rand.Reader)
	check(b, err)
	f := text("")
	check(b, sender.Send(f))
	receiver, err := r.Accept(far, rand.Reader)
	check(b, err)
	check(b, receiver.Receive(f))
	f.Kind = KindContent
	b.SetBytes(FramePayload)
	for b.Loop() {
		f.Resize(FramePayload)
		sealed, err := sender.send.seal(f)
		check(b, err)
		if len(sealed) != FrameSize {
			b.Fatal(io.ErrShortWrite)
		}
		check(b, receiver.receive.open(f))
	}
}
