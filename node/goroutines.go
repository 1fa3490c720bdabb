package node

import "sync"

// goroutines are those that work for a terminal, whoever has started them: Close waits for all of them.
type goroutines struct {
	active sync.WaitGroup

	mu   sync.Mutex // never held while waiting
	over bool
}

// enter counts the caller in until leave. It returns false when the terminal is about to be closed.
func (g *goroutines) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return false
	}
	g.active.Add(1)
	return true
}

func (g *goroutines) leave() { g.active.Done() }

// start runs f, unless the terminal is about to be closed: then it returns false.
func (g *goroutines) start(f func()) bool {
	if !g.enter() {
		return false
	}
	go func() {
		defer g.leave()
		f()
	}()
	return true
}

// wait lets nobody in any more and waits for those who are in.
func (g *goroutines) wait() {
	g.mu.Lock()
	g.over = true
	g.mu.Unlock()
	g.active.Wait()
}
