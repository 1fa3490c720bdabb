package fleettest

import (
	"strings"
	"testing"
	"time"
)

// slack is how many goroutines more than before may be left: of the last fetch, on its way out.
const slack = 5

// expectQuiet ends the server, and expects of it the goroutines of one that has had a quiet life. That as
// few files are open as before tells when its connections have ended.
func expectQuiet(t *testing.T, fleet *Fleet, server *Server, files int) {
	t.Helper()
	if !server.Runs() {
		t.Fatalf("the server has ended: %s", tail(server.Log()))
	}
	other := fleet.Certify("quiet").Serve()
	deadline := time.Now().Add(45 * time.Second)
	for server.Files() > files && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if n := server.Files(); n > files {
		t.Errorf("%d files and sockets are left open", n-files)
	}
	want, got := count(other.Goroutines()), count(server.Goroutines())
	more := 0
	for function, n := range got {
		if n > want[function] && !strings.HasPrefix(function, "runtime.") {
			more += n - want[function]
			t.Logf("%d more of %s", n-want[function], function)
		}
	}
	if more > slack {
		t.Errorf("%d goroutines are left", more)
	}
}

func count(words []string) map[string]int {
	n := make(map[string]int)
	for _, w := range words {
		n[w]++
	}
	return n
}
