package receive

import (
	"io"
	"time"
)

// progressEvery is the shortest time between two reports of progress: more often than this a reader
// sees no difference.
const progressEvery = 100 * time.Millisecond

// meter counts what is written and reports it now and then.
type meter struct {
	w               io.Writer
	received, total uint64
	report          func(received, total uint64) // nil: nobody wants to know
	last            time.Time
}

// on returns the writer to w that m counts.
func (m *meter) on(w io.Writer) io.Writer {
	if m.report == nil {
		return w
	}
	m.w = w
	return m
}

func (m *meter) Write(p []byte) (int, error) {
	n, err := m.w.Write(p)
	m.received += uint64(n)
	if now := time.Now(); now.Sub(m.last) >= progressEvery {
		m.last = now
		m.report(m.received, m.total)
	}
	return n, err
}

// end reports that all has been received.
func (m *meter) end() {
	if m.report != nil {
		m.report(m.received, m.total)
	}
}
