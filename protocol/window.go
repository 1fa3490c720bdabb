package protocol

// controlNumber is the stream number of the control stream. Data streams count from 1.
const controlNumber = 0

// window remembers which stream numbers have been accepted: those within streamWindow of the highest
// one by a bit each, and everything below as used.
type window struct {
	highest uint64
	seen    [streamWindow / 64]uint64
}

// add reports whether number is fresh, and marks it as used.
func (w *window) add(number uint64) bool {
	switch {
	case number == controlNumber:
		return false
	case number > w.highest:
		w.advance(number)
	case w.highest-number >= streamWindow:
		return false
	}
	word, bit := number%streamWindow/64, uint64(1)<<(number%64)
	if w.seen[word]&bit != 0 {
		return false
	}
	w.seen[word] |= bit
	return true
}

// advance makes number the highest, forgetting the numbers whose places are taken over.
func (w *window) advance(number uint64) {
	if number-w.highest >= streamWindow {
		w.seen = [streamWindow / 64]uint64{}
	} else {
		for n := w.highest; n != number; {
			n++
			w.seen[n%streamWindow/64] &^= 1 << (n % 64)
		}
	}
	w.highest = number
}
