package allowlist

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/certexch/certexch/internal/durable"
)

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allowlist")
	if list, err := NewStore(path).Load(); err != nil || len(list.Entries()) != 0 {
		t.Errorf("missing: %v, %v", list.Entries(), err)
	}
	write(t, path, "acme.example/nas\n")
	if list, err := NewStore(path).Load(); err != nil || names(list) != "acme.example/nas" {
		t.Errorf("good: %v, %v", list.Entries(), err)
	}
	write(t, path, "acme.example/nas\nacme.example/pri")
	_, err := NewStore(path).Load()
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || !strings.HasPrefix(err.Error(), path+": line 2") {
		t.Errorf("torn: %v", err)
	}
	if _, err := NewStore(filepath.Dir(path)).Load(); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder: %v", err)
	}
}

// What is in force after each state of the file, one after the other.
func TestE4CurrentFailsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allowlist")
	s := NewStore(path)
	steps := []struct {
		name    string
		do      func() error
		want    string
		syntax  bool
		missing bool
	}{
		{"missing at first", func() error { return nil }, "", false, true},
		{"torn before any complete list", put(path, "acme.example/nas"), "", true, false},
		{"complete", put(path, "acme.example/nas\n"), "acme.example/nas", false, false},
		{"torn: the last complete list", put(path, "acme.example/nas\nacme.example/printer"), "acme.example/nas", true, false},
		{"still torn", func() error { return nil }, "acme.example/nas", true, false},
		{"unknown field: the last complete list", put(path, "acme.example/printer allow=all\n"), "acme.example/nas", true, false},
		{"10 MB: the last complete list", put(path, strings.Repeat("#\n", 5<<20)), "acme.example/nas", true, false},
		{"emptied: nobody", put(path, ""), "", false, false},
		{"complete again", put(path, "acme.example/printer\nacme.example/nas\n"), "acme.example/printer acme.example/nas", false, false},
		{"removed: nobody", func() error { return os.Remove(path) }, "", false, true},
		{"torn after that: still nobody", put(path, "acme.example/nas"), "", true, false},
		{"complete at last", put(path, "acme.example/nas\n"), "acme.example/nas", false, false},
		{"a folder: nobody", func() error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }, "", false, false},
	}
	for i, c := range steps {
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		rest(t, path)
		list, err := s.Current()
		if list == nil || names(list) != c.want {
			t.Errorf("%s: %q, want %q", c.name, names(list), c.want)
		}
		var syntax *SyntaxError
		if errors.As(err, &syntax) != c.syntax || errors.Is(err, fs.ErrNotExist) != c.missing {
			t.Errorf("%s: %v", c.name, err)
		}
		if last := i == len(steps)-1; (err != nil) != (c.syntax || c.missing || last) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// An edit in place that leaves size and time stamp as they were still counts
// from the next decision on.
func TestCurrentNoticesEveryEdit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allowlist")
	s := NewStore(path)
	write(t, path, "acme.example/a\n")
	rest(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"acme.example/a", "acme.example/b", "acme.example/c", "acme.example/b"} {
		write(t, path, name+"\n")
		if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Current(); err != nil || names(list) != name {
			t.Errorf("%q, %v; want %q", names(list), err, name)
		}
	}
}

// rest makes the last change of path, or of its folder, one of long ago.
func rest(t *testing.T, path string) {
	t.Helper()
	past := time.Now().Add(-time.Minute)
	for _, p := range []string{path, filepath.Dir(path)} {
		if err := os.Chtimes(p, time.Time{}, past); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// E5: what an editor passes through on its way is no list: neither the emptied file, nor a part of the
// new one that happens to end with a line, nor the moment without any file.
func TestE5EditorOnItsWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allowlist")
	s := NewStore(path)
	inForce := func(state, want string) {
		t.Helper()
		if list, err := s.Current(); err != nil || names(list) != want {
			t.Errorf("%s: %q, %v; want %q", state, names(list), err, want)
		}
	}
	write(t, path, "acme.example/a\nacme.example/b\n")
	inForce("at first", "acme.example/a acme.example/b")
	write(t, path, "")
	inForce("emptied", "acme.example/a acme.example/b")
	write(t, path, "acme.example/a\n")
	inForce("half of it", "acme.example/a acme.example/b")
	write(t, path, "acme.example/a\nacme.example/c\n")
	inForce("all of it, just now", "acme.example/a acme.example/b")
	rest(t, path)
	inForce("at rest", "acme.example/a acme.example/c")

	if err := os.Rename(path, path+"~"); err != nil {
		t.Fatal(err)
	}
	inForce("taken away, just now", "acme.example/a acme.example/c")
	rest(t, path)
	if list, err := s.Current(); !errors.Is(err, fs.ErrNotExist) || names(list) != "" {
		t.Errorf("gone: %q, %v", names(list), err)
	}
	write(t, path, "")
	inForce("nobody is in force: the next list counts at once", "")
	write(t, path, "acme.example/d\n")
	rest(t, path)
	inForce("at rest again", "acme.example/d")
	if _, err := s.Remove(t.Context(), id(t, "acme.example/d")); err != nil {
		t.Fatal(err)
	}
	inForce("removed by command", "")
}

// E5: a list that is gone is gone, however busy its folder is.
func TestE5RemovedFromBusyFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allowlist")
	s := NewStore(path)
	write(t, path, "acme.example/a\n")
	if list, err := s.Current(); err != nil || names(list) != "acme.example/a" {
		t.Fatalf("%q, %v", names(list), err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		now := time.Now()
		if err := os.Chtimes(filepath.Dir(path), now, now); err != nil {
			t.Fatal(err)
		}
		list, err := s.Current()
		if errors.Is(err, fs.ErrNotExist) {
			if names(list) != "" {
				t.Errorf("gone: %q", names(list))
			}
			return
		}
		if now.After(deadline) {
			t.Fatalf("still in force: %q, %v", names(list), err)
		}
	}
}

func TestCurrentParsesOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allowlist")
	s := NewStore(path)
	write(t, path, "acme.example/a\n")
	first, _ := s.Current()
	second, _ := s.Current()
	if first != second {
		t.Error("an unchanged file was parsed again")
	}
}

// put replaces the file in one step, without the syncing of durable, which
// would make a thousand of them slow.
func put(path, text string) func() error {
	return func() error {
		temp := path + ".new"
		return errors.Join(os.WriteFile(temp, []byte(text), 0o600), os.Rename(temp, path))
	}
}

func names(l *List) string {
	var names []string
	for _, e := range l.Entries() {
		names = append(names, e.Identity.String())
	}
	return strings.Join(names, " ")
}

// Editors in one process and in several do not lose each other's lines.
func TestConcurrentEdits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allowlist")
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d"} {
		wg.Go(func() {
			s := NewStore(path)
			for _, n := range []string{"1", "2", "3", "4"} {
				if err := s.Add(t.Context(), Entry{Identity: id(t, "acme.example/"+name+n)}); err != nil {
					t.Error(err)
				}
			}
			if removed, err := s.Remove(t.Context(), id(t, "acme.example/"+name+"1")); err != nil || len(removed) != 1 {
				t.Errorf("removed %v, %v", removed, err)
			}
		})
	}
	wg.Wait()
	list, err := NewStore(path).Load()
	got := strings.Fields(names(list))
	slices.Sort(got)
	want := "acme.example/a2 acme.example/a3 acme.example/a4 acme.example/b2 acme.example/b3 acme.example/b4 " +
		"acme.example/c2 acme.example/c3 acme.example/c4 acme.example/d2 acme.example/d3 acme.example/d4"
	if err != nil || strings.Join(got, " ") != want {
		t.Errorf("%v, %v", got, err)
	}
}

func TestEditWaitsForLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allowlist")
	unlock, err := durable.Lock(t.Context(), path+".lock")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := NewStore(path).Add(ctx, Entry{Identity: id(t, "acme.example/nas")}); !errors.Is(err, ctx.Err()) {
		t.Errorf("locked: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("edited without the lock")
	}
}

// E5: whatever way the file is rewritten in, a thousand times, every decision in the meantime is that of one
// complete version, and of the last one once it rests.
func TestE5RewrittenUnderTraffic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allowlist")
	versions := []string{"acme.example/a\nacme.example/b\n", "acme.example/a\nacme.example/c\nacme.example/d\n"}
	whole := []string{"acme.example/a acme.example/b", "acme.example/a acme.example/c acme.example/d"}
	write(t, path, versions[0])
	s := NewStore(path)
	if _, err := s.Load(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var deciding sync.WaitGroup
	var clock sync.RWMutex // nobody decides while the test makes time pass
	for range 4 {
		deciding.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				clock.RLock()
				list, err := s.Current()
				clock.RUnlock()
				if !slices.Contains(whole, names(list)) {
					t.Errorf("a decision by %q, %v", names(list), err)
					return
				}
			}
		})
	}
	for i := range 1000 {
		next := versions[i%2]
		switch i % 3 {
		case 0: // in one step
			if err := durable.WriteFile(path, []byte(next), 0o600); err != nil {
				t.Fatal(err)
			}
		case 1: // in place, in pieces
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(next) {
				if _, err := f.WriteString(line); err != nil {
					t.Fatal(err)
				}
			}
			f.Close()
		case 2: // taken away first
			if err := os.Rename(path, path+"~"); err != nil {
				t.Fatal(err)
			}
			write(t, path, next)
		}
		if i%101 == 0 {
			clock.Lock()
			rest(t, path)
			clock.Unlock()
			if list, err := s.Current(); err != nil || names(list) != whole[i%2] {
				t.Errorf("%d: %q, %v; want %q", i, names(list), err, whole[i%2])
			}
		}
	}
	close(done)
	deciding.Wait()
}
