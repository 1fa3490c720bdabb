package channeltest_test

import (
	"testing"

	"github.com/certexch/certexch/internal/channeltest"
	"github.com/certexch/certexch/protocol"
)

func TestPairCarriesFrames(t *testing.T) {
	opener, accepter := channeltest.Pair(t)
	f := protocol.NewFrame()
	f.Kind = protocol.KindContent
	copy(f.Resize(5), "hello")
	if err := opener.Send(f); err != nil {
		t.Fatal(err)
	}
	got := protocol.NewFrame()
	if err := accepter.Receive(got); err != nil {
		t.Fatal(err)
	}
	if got.Kind != protocol.KindContent || string(got.Payload()) != "hello" {
		t.Errorf("received %d %q", got.Kind, got.Payload())
	}
}
