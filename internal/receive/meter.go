package receive

import (
	"io"
	"time"
)

// progressEvery is the shortest time between two reports of progress: more often than this a reader
// sees no difference.
const progressEvery = 100 * time.Millisecond

// receive writes content to w and reports on it.
func receive(w io.Writer, content Content, report func(received, total uint64)) error {
	if report == nil {
		_, err := content.WriteTo(w)
		return err
	}
	m := &meter{w: w, total: content.Length(), report: report}
	if _, err := content.WriteTo(m); err != nil {
		return err
	}
	report(m.received, m.total)
	return nil
}

// meter counts what is written and reports it now and then.
type meter struct {
	w               io.Writer
	received, total uint64
	report          func(received, total uint64)
	last            time.Time
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
