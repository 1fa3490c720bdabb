package labtest

import (
	"bytes"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestCaptureSeesEveryDatagram(t *testing.T) {
	lab := New(t)
	a, b, c := lab.Host("a"), lab.Host("b"), lab.Host("c")
	for _, conditions := range []Conditions{{}, {Delay: time.Millisecond}} {
		lab.Link(a).Set(conditions)
		near, far := datagrams(t, a, b)
		capture := lab.Capture()
		sent := shower(t, near, far)
		capture.Stop()
		seen := 0
		for _, p := range capture.Packets() {
			if p.Protocol == unix.IPPROTO_UDP && p.Source.Addr() == a.Addr() && len(p.Payload) == 4 {
				seen++
			}
		}
		if seen != 1000 || len(sent) < 900 {
			t.Errorf("%+v: of 1000 that were sent, %d were seen and %d arrived", conditions, seen, len(sent))
		}
		if n := capture.Bytes(func(p Packet) bool { return p.Involves(b.Addr()) }); n < 1000*(14+20+8+4) {
			t.Errorf("%d bytes", n)
		}
		if n := capture.Bytes(func(p Packet) bool { return p.Involves(c.Addr()) }); n != 0 {
			t.Errorf("%d bytes of a host that was silent", n)
		}
		near.Close()
		far.Close()
	}
}

// A word is found however it was cut into segments, and whatever was lost on its way.
func TestCaptureReadsTCP(t *testing.T) {
	lab := New(t)
	a, b := lab.Host("a"), lab.Host("b")
	capture := lab.Capture()
	near, far := connect(t, a, b, b.Addr().String())
	for _, c := range []byte("syllable") { // in a segment each
		send(t, near, far, []byte{c})
	}
	text := append(bytes.Repeat([]byte("x"), 1<<20), "in the middle"...)
	text = append(text, bytes.Repeat([]byte("y"), 1<<20)...)
	carry(t, near, far, text)
	lab.Link(a).Set(Conditions{Loss: 0.05, Delay: time.Millisecond})
	carry(t, far, near, bytes.Repeat([]byte("the other way, "), 10000))
	capture.Stop()
	for _, word := range []string{"syllable", "xxin the middleyy", "the other way, the other way"} {
		if !capture.Contains([]byte(word)) {
			t.Errorf("did not see %q", word)
		}
	}
	if capture.Contains([]byte("never sent")) {
		t.Error("saw what was not sent")
	}
}

func TestCaptureIsOfOneNetwork(t *testing.T) {
	lab := New(t)
	other := lab.Network("other")
	a, b := lab.Host("a"), lab.Host("b")
	c, d := other.Host("c"), other.Host("d")
	here, there := lab.Capture(), other.Capture()
	near, far := connect(t, a, b, b.Addr().String())
	send(t, near, far, []byte("on this one"))
	near, far = connect(t, c, d, d.Addr().String())
	send(t, near, far, []byte("on that one"))
	here.Stop()
	there.Stop()
	for text, want := range map[string][2]bool{"on this one": {true, false}, "on that one": {false, true}} {
		if got := [2]bool{here.Contains([]byte(text)), there.Contains([]byte(text))}; got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestDecodeTakesAnything(t *testing.T) {
	for _, kind := range [][]byte{{8, 0, 0x45}, {8, 0, 0x4f}, {0x86, 0xdd, 0x60}} {
		frame := append(make([]byte, 12), kind...)
		frame = append(frame, bytes.Repeat([]byte{6}, 60)...)
		for n := range frame {
			decode(frame[:n])
		}
	}
}
